"""The whole life of one commit, as the record has it and as it is told."""
