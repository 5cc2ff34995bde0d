"""The numbers of those the tests speak of."""

ALICE, BOB = "4915110000001", "4915110000002"
