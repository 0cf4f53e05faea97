-- The numbers of the last entries of logs; -1 for a task that is gone.
local found = {}
for at = FIRST, #ARGV do
  found[#found + 1] = tonumber(call('HGET', PREFIX .. 'task:' .. ARGV[at], 'last') or -1)
end
return found
