-- Say that a worker is alive: 1, or 0 when the task is not its any more.
local key, worker, turn, last, slots = unpack(ARGV, FIRST)
alive(worker, slots)
local task = held(key, worker, turn, last)
if not task then return 0 end
call('ZADD', PREFIX .. 'leases', now + LEASE, key)
spend(task, 0)
call('HSET', task.hash, 'counted', task.counted)
return 1
