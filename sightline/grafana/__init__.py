"""Model of Grafana's classic dashboard JSON. It depends on nothing else in this repository.

::

    dashboard, annotations,
    fieldconfig                  the file as typed values
    references, interpolation    variables and their substitution
    variable_queries             queries for the options of variables
    durations, timerange         durations and time ranges
    frame, matchers, reducers    data frames, field matchers, calculations
    transformations              transformations of data frames
    units                        numbers written in Grafana's units
"""
