-- What every script begins with: the arguments that all have, the clock, and the steps that several of them take.
--
-- A script is not taken back when a command of it fails, so none may fail once something was written: numbers come from
-- the task's own fields, and what may be missing is looked for first. Keys, behind the prefix `NAMESPACE:`
--
--   queue:0 queue:1   streams, an entry for each open task of the class. In the group `workers` those that run are with
--                     the consumer `running`; those that wait again, in their old place, are with `waiting`.
--   task:KEY          a hash; while the task is open, `body` is what was asked
--   log:KEY           a stream; the number of an event is the first half of its entry's id
--   session:KEY       a hash: what was spent, and what is reserved for its open tasks
--   deadlines leases  sorted sets of open and of running tasks, by the time when that is over
--   workers           a sorted set of `SLOTS/WORKER`, by the time until which they are taken for alive
--   service           how long a task runs, in milliseconds: a mean that forgets
--   beat              when somebody looked for lost workers last
--
-- All of them expire. The channel `wake` says that a task waits, `on:KEY` that a log has grown.

local PREFIX = ARGV[1]
local LEASE, RETENTION, SESSION = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local LOST, OVERDUE, DROPPED = ARGV[5], ARGV[6], ARGV[7] -- the data of the errors by which a task is ended here
local WEIGHT = tonumber(ARGV[8]) -- of the newest in the mean of how long tasks run
local FIRST = 9 -- of the script's own arguments
local GROUP, RUNNING, WAITING = 'workers', 'running', 'waiting'
local DAY = 86400000
local BATCH = 100 -- tasks that one script ends or gives back at most
local AWAY = 2000 -- milliseconds; somebody looks for lost workers several times a second, if he can

local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local WORDS = {'state', 'worker', 'session', 'born', 'rank', 'place', 'said', 'did'}
local NUMBERS = {'turn', 'last', 'tokens', 'max', 'deadline', 'since', 'counted'}
local FIELDS = {unpack(WORDS)}
for _, field in ipairs(NUMBERS) do FIELDS[#FIELDS + 1] = field end

-- A task as it stands, or nil.
local function find(key)
  local hash = PREFIX .. 'task:' .. key
  local values = call('HMGET', hash, unpack(FIELDS))
  if not values[1] then return nil end
  local task = {key = key, hash = hash}
  for at, field in ipairs(FIELDS) do task[field] = values[at] end
  for _, field in ipairs(NUMBERS) do task[field] = tonumber(task[field]) end
  task.queue = PREFIX .. 'queue:' .. task.rank
  return task
end

-- Let a key live until then, at least.
local function keep(name, at)
  if call('PEXPIREAT', name, at, 'NX') == 0 then call('PEXPIREAT', name, at, 'GT') end
end

-- Whether a request was done before, and its answer lost; else it is noted, among the last few.
local function done(task, nonce)
  return string.find(task.did, nonce, 1, true) ~= nil
end
local function note(task, nonce)
  task.did = nonce .. string.sub(task.did, 1, 7 * #nonce)
end

local function log(task, symbol, data)
  task.last = task.last + 1
  local name = PREFIX .. 'log:' .. task.key
  call('XADD', name, string.format('%d-0', task.last), 's', symbol, 'd', data)
  if task.last == 1 then call('PEXPIREAT', name, math.max(now, task.deadline) + RETENTION + DAY) end
end

-- Take tokens, and the time since this was last done, from the session, unless it was forgotten meanwhile.
local function spend(task, tokens)
  local ms = 0
  if task.state == 'running' then
    -- The time behind a lease that is over was nobody's.
    local till = math.min(now, tonumber(call('ZSCORE', PREFIX .. 'leases', task.key) or now))
    ms = math.max(0, till - task.counted)
    task.counted = math.max(task.counted, till)
  end
  local before = task.tokens
  task.tokens = before + tokens
  local session = PREFIX .. 'session:' .. task.session
  if call('HGET', session, 'born') ~= task.born then return nil end
  if ms > 0 then call('HINCRBY', session, 'time', ms) end
  if tokens > 0 then
    call('HINCRBY', session, 'tokens', tokens)
    call('HINCRBY', session, 'reserved', math.min(before, task.max) - math.min(task.tokens, task.max))
  end
  return session
end

-- End a task, whatever it does; nothing is written behind that.
local function close(task, symbol, data)
  if task.last == 0 then log(task, 'started', task.said) end
  log(task, symbol, data)
  local session = spend(task, 0)
  if session then
    call('HINCRBY', session, 'reserved', math.min(task.tokens, task.max) - task.max)
    if call('HINCRBY', session, 'open', -1) <= 0 then call('PEXPIRE', session, SESSION) end
  end
  call('HSET', task.hash, 'state', 'ended', 'last', task.last, 'tokens', task.tokens, 'did', task.did)
  call('HDEL', task.hash, 'body', 'said')
  call('PEXPIRE', task.hash, RETENTION)
  call('PEXPIRE', PREFIX .. 'log:' .. task.key, RETENTION)
  call('ZREM', PREFIX .. 'deadlines', task.key)
  if task.state == 'running' then
    call('ZREM', PREFIX .. 'leases', task.key)
    local service, ran = PREFIX .. 'service', task.counted - task.since
    local mean = tonumber(call('GET', service) or ran)
    call('SET', service, string.format('%.3f', mean + WEIGHT * (ran - mean)), 'PX', DAY)
  end
  call('XACK', task.queue, GROUP, task.place)
  call('XDEL', task.queue, task.place)
  if call('XLEN', task.queue) == 0 then call('DEL', task.queue) end
  task.state = 'ended'
  call('PUBLISH', PREFIX .. 'on:' .. task.key, '')
end

-- The data of an `end`.
local function told(task, canceled)
  local ms = task.state == 'running' and math.max(0, now - task.since) or 0
  local more = canceled and ',"canceled":true' or ''
  return string.format('{"tokens_out":%d,"decode_ms":%d%s}', task.tokens, ms, more)
end

-- A task that was running is nobody's any more.
local function give_back(task)
  if task.tokens > 0 then return close(task, 'error', LOST) end
  spend(task, 0)
  call('XCLAIM', task.queue, GROUP, WAITING, 0, task.place, 'JUSTID')
  call('HSET', task.hash, 'state', 'waiting', 'worker', '', 'counted', task.counted)
  call('ZREM', PREFIX .. 'leases', task.key)
  task.state = 'waiting'
  call('PUBLISH', PREFIX .. 'wake', '')
end

-- When nobody could ask, as Redis was away or everybody slept, no worker could say that it is alive: all are asked anew.
local function excuse()
  local beat, leases = PREFIX .. 'beat', PREFIX .. 'leases'
  local before = tonumber(call('GET', beat) or 0)
  call('SET', beat, now, 'PX', DAY)
  if now - before <= AWAY then return end
  for _, key in ipairs(call('ZRANGE', leases, 0, -1)) do call('ZADD', leases, 'GT', now + LEASE, key) end
end

-- End what is past its deadline, and give back what was with a worker that is lost. Whether there may be more.
local function tidy()
  excuse()
  local late = call('ZRANGEBYSCORE', PREFIX .. 'deadlines', '-inf', now, 'LIMIT', 0, BATCH)
  for _, key in ipairs(late) do
    local task = find(key)
    if task and task.state ~= 'ended' then close(task, 'error', OVERDUE)
    else call('ZREM', PREFIX .. 'deadlines', key) end
  end
  local lost = call('ZRANGEBYSCORE', PREFIX .. 'leases', '-inf', now, 'LIMIT', 0, BATCH)
  for _, key in ipairs(lost) do
    local task = find(key)
    if task and task.state == 'running' then give_back(task)
    else call('ZREM', PREFIX .. 'leases', key) end
  end
  return #late == BATCH or #lost == BATCH
end

-- The task of a lease, or nil when it is not that worker's any more. One past its deadline is ended; so is one whose log
-- the worker knows to be longer, as Redis has lost a part of it: to go on would leave a hole.
local function held(key, worker, turn, last)
  local task = find(key)
  if not task or task.state ~= 'running' or task.worker ~= worker or task.turn ~= tonumber(turn) then
    return nil, task
  end
  if task.deadline <= now then
    close(task, 'error', OVERDUE)
    return nil, task
  end
  if task.last < tonumber(last) then
    close(task, 'error', LOST)
    return nil, task
  end
  return task, task
end

-- How many tasks of a class wait.
local function waiting(rank)
  local queue = PREFIX .. 'queue:' .. rank
  local length = call('XLEN', queue)
  if length == 0 then return 0 end
  for _, consumer in ipairs(call('XPENDING', queue, GROUP)[4] or {}) do
    if consumer[1] == RUNNING then return length - consumer[2] end
  end
  return length
end

-- That a worker is there, for as long as a lease and a moment in which it may wait for its next task.
local function alive(worker, slots)
  call('ZADD', PREFIX .. 'workers', now + LEASE + 2000, slots .. '/' .. worker)
  keep(PREFIX .. 'workers', now + LEASE + 2000)
end

-- What a task's session has spent: tokens, milliseconds; nothing when it was forgotten.
local function spent(task)
  local values = call('HMGET', PREFIX .. 'session:' .. task.session, 'born', 'tokens', 'time')
  if values[1] ~= task.born then return 0, 0 end
  return tonumber(values[2]), tonumber(values[3])
end
