-- What tests/benchmarks/load.py reads: requests, microseconds, errors, microseconds of p99.
done = function(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format("found %d %d %d %d", summary.requests, summary.duration, errors, latency:percentile(99)))
end
