"""What applications measure by themselves: counters, gauges and histograms, however they are told, in little room.

series     what is measured, and of which release
sample     what one instance told of it
growth     from what an instance has counted since it began to what happened in between
meter      the series of one environment: how many there may be, and the step of time that is not over yet
kept       steps as files of a fixed size
meters     the meters of one installation
summing    what people want to know of them: rates, levels, percentiles
"""
