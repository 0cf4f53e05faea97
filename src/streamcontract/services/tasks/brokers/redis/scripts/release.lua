-- Give a task back, if it is still this worker's.
local key, worker, turn, last = unpack(ARGV, FIRST)
local task = held(key, worker, turn, last)
if task then give_back(task) end
return 1
