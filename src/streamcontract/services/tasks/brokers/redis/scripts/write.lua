-- Add events to a log: 1, or 0 when the task is not this worker's any more.
local key, worker, turn, last, nonce, tokens = unpack(ARGV, FIRST, FIRST + 5)
local task, found = held(key, worker, turn, last)
if found and done(found, nonce) then return 1 end
if not task then return 0 end
for at = FIRST + 6, #ARGV, 2 do log(task, ARGV[at], ARGV[at + 1]) end
spend(task, tonumber(tokens))
note(task, nonce)
call('ZADD', PREFIX .. 'leases', now + LEASE, key)
call('HSET', task.hash, 'last', task.last, 'tokens', task.tokens, 'counted', task.counted, 'did', task.did)
call('PUBLISH', PREFIX .. 'on:' .. key, '')
return 1
