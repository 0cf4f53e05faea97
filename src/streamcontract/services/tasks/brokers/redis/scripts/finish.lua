-- End a task by the event given, or by `end`: 1, or 0 when it is not this worker's any more.
local key, worker, turn, last, nonce, symbol, data = unpack(ARGV, FIRST)
local task, found = held(key, worker, turn, last)
if found and done(found, nonce) then return 1 end
if not task then return 0 end
note(task, nonce)
if symbol == '' then close(task, 'end', told(task)) else close(task, symbol, data) end
return 1
