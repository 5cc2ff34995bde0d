"""An artifact with one environment's configuration, made to serve."""
