-- {milliseconds to live, turns, tokens spent, time spent}, or nothing when the session is unknown.
local name = PREFIX .. 'session:' .. ARGV[FIRST]
local values = call('HMGET', name, 'turns', 'tokens', 'time', 'open')
if not values[1] then return {} end
local left = tonumber(values[4]) > 0 and SESSION or math.max(0, call('PTTL', name))
return {left, tonumber(values[1]), tonumber(values[2]), tonumber(values[3])}
