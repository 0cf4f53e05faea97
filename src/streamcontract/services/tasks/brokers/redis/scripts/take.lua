-- The next task: {key, body, turn, its log's last number, milliseconds until its deadline, warm}; {} when none waits;
-- {''}: ask again.
local worker, slots, nonce, again = unpack(ARGV, FIRST)
alive(worker, slots)

local function lease(task)
  local session = PREFIX .. 'session:' .. task.session
  local state = call('HMGET', session, 'born', 'tokens')
  local warm = state[1] == task.born and tonumber(state[2]) > 0 and 1 or 0
  return {task.key, call('HGET', task.hash, 'body'), task.turn, task.last, task.deadline - now, warm}
end

if again == '1' then -- the answer was lost: it may have been a task
  for _, key in ipairs(call('ZRANGE', PREFIX .. 'leases', 0, -1)) do
    local task = find(key)
    if task and task.worker == worker and done(task, nonce) then return lease(task) end
  end
end
if tidy() then return {''} end

-- The first of a class that waits: its key and place.
local function first(rank)
  local queue = PREFIX .. 'queue:' .. rank
  if call('EXISTS', queue) == 0 then return nil end
  local back = call('XPENDING', queue, GROUP, '-', '+', 1, WAITING)[1]
  local entry
  if back then
    entry = call('XCLAIM', queue, GROUP, RUNNING, 0, back[1])[1]
  else
    local read = call('XREADGROUP', 'GROUP', GROUP, RUNNING, 'COUNT', 1, 'STREAMS', queue, '>')
    entry = read and read[1] and read[1][2][1]
  end
  if not entry then return nil end
  return entry[2][2], entry[1], queue
end

for _ = 1, BATCH do
  local key, place, queue = first(0)
  if not key then key, place, queue = first(1) end
  if not key then return {} end
  local task = find(key)
  if task and task.state == 'waiting' and task.place == place then
    task.turn = task.turn + 1
    note(task, nonce)
    if task.last == 0 then log(task, 'started', task.said) end
    call('HSET', task.hash, 'state', 'running', 'worker', worker, 'turn', task.turn, 'last', task.last, 'did', task.did,
      'since', now, 'counted', now)
    call('ZADD', PREFIX .. 'leases', now + LEASE, key)
    keep(PREFIX .. 'leases', math.max(now, task.deadline) + RETENTION + DAY)
    call('PUBLISH', PREFIX .. 'on:' .. key, '')
    return lease(task)
  end
  -- Everybody was away for so long that the task is gone.
  call('XACK', queue, GROUP, place)
  call('XDEL', queue, place)
  if call('XLEN', queue) == 0 then call('DEL', queue) end
end
return {''}
