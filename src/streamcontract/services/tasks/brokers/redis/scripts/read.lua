-- A page of a log, behind an entry: {entry, ...}; at the end of what there is: 0 more may come, 1 that was all, -1 gone.
local key, after, count = unpack(ARGV, FIRST)
local page = call('XRANGE', PREFIX .. 'log:' .. key, '(' .. after .. '-0', '+', 'COUNT', count)
if page[1] then return page end
local state = call('HMGET', PREFIX .. 'task:' .. key, 'state', 'last')
if not state[1] then return -1 end
if state[1] ~= 'ended' then return 0 end
return tonumber(state[2]) <= tonumber(after) and 1 or -1
