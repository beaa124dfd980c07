-- Take one token from the bucket of a key, atomically.
--
-- KEYS[1]  hash of the bucket: tokens, and the time of the last change
-- ARGV     thousandths of a token that are added per second; size of the bucket in tokens
-- Returns  1 or 0 for allowed, tokens left, and microseconds: until the next token, until the bucket
--          is full, and of the server's clock
--
-- A token is 10^9 units, so that a microsecond adds a whole number of them. All numbers are integers
-- below 2^53, which Lua holds exactly.
local UNITS = 1000000000
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local rate = tonumber(ARGV[1])
local size = tonumber(ARGV[2]) * UNITS
local bucket = redis.call('HMGET', KEYS[1], 'units', 'changed')
local units = tonumber(bucket[1]) or size
-- The clock of a new primary may be behind.
local elapsed = math.max(0, now - (tonumber(bucket[2]) or now))
units = math.min(size, units + elapsed * rate)
local allowed = units >= UNITS
local retry = 0
if allowed then
  units = units - UNITS
else
  retry = math.ceil((UNITS - units) / rate)
end
local reset = math.ceil((size - units) / rate)
redis.call('HSET', KEYS[1], 'units', string.format('%.0f', units), 'changed', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(reset / 1000) + 1000)
return {allowed and 1 or 0, math.floor(units / UNITS), retry, reset, now}
