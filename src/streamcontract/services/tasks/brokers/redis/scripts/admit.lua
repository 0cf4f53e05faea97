-- Accept a task. Returns what the client is told, or why not: {'', position, start, backoff, tokens, time spent} or
-- {REFUSAL, retry_after, predicted_start}.
local key, session_key, body, rank, max, deadline_ms, nonce = unpack(ARGV, FIRST, FIRST + 6)
local capacity, policy, limit_tokens, limit_time, limit_cost, price, unmeasured, longest = unpack(ARGV, FIRST + 7)
rank, max, deadline_ms, capacity = tonumber(rank), tonumber(max), tonumber(deadline_ms), tonumber(capacity)

local known = find(key)
if known and not done(known, nonce) then return {'exists', 1, 0} end
if known then
  local told_then = call('HMGET', known.hash, 'position', 'start', 'backoff')
  local tokens, time = spent(known)
  return {'', tonumber(told_then[1]), tonumber(told_then[2]), tonumber(told_then[3]), tokens, time}
end
tidy()

-- How many run at a time, and how long it takes.
call('ZREMRANGEBYSCORE', PREFIX .. 'workers', '-inf', now)
local slots = 0
for _, worker in ipairs(call('ZRANGE', PREFIX .. 'workers', 0, -1)) do
  slots = slots + tonumber(string.match(worker, '^%d+'))
end
slots = math.max(1, slots)
local running = call('ZCARD', PREFIX .. 'leases')
local mean = tonumber(call('GET', PREFIX .. 'service') or unmeasured)
local function starts(ahead)
  local before = ahead + running - slots + 1 -- so many must end first
  return before <= 0 and 0 or math.ceil(before / slots * mean)
end

local session = PREFIX .. 'session:' .. session_key
local state = call('HMGET', session, 'born', 'tokens', 'reserved', 'time')
local born, tokens, reserved, time = state[1], tonumber(state[2] or 0), tonumber(state[3] or 0), tonumber(state[4] or 0)
local function refuse(why, for_good)
  local after = for_good and call('PTTL', session) or math.ceil(mean)
  if after < 0 then after = SESSION end
  return {why, math.max(1, after), 0, for_good and 1 or 0}
end
price, limit_cost = tonumber(price), tonumber(limit_cost) * (1 + 1e-9)
if tokens + reserved + max > tonumber(limit_tokens) then
  return refuse('budget-tokens', tokens + max > tonumber(limit_tokens))
end
if time >= tonumber(limit_time) then return refuse('budget-time', true) end
if (tokens + reserved + max) * price > limit_cost then
  return refuse('budget-cost', (tokens + max) * price > limit_cost)
end

local waits = {[0] = waiting(0), [1] = waiting(1)}
local full = waits[0] + waits[1] >= capacity
local victim_rank = waits[1] > 0 and 1 or 0
local ahead = waits[0] + (rank == 1 and waits[1] or 0)
if full and policy == 'drop-lru' and victim_rank <= rank then ahead = ahead - 1 end
local backoff = math.min(tonumber(longest), starts(waits[0] + waits[1] + (full and policy == 'drop-lru' and 0 or 1)))
local start = starts(ahead)
if start > deadline_ms then return {'deadline', math.max(1, start - deadline_ms), start} end
if full and policy ~= 'drop-lru' then return {'queue-full', math.max(1, backoff), start} end

if full then
  -- Those that wait again were accepted before all that were never taken.
  local queue = PREFIX .. 'queue:' .. victim_rank
  local again = call('XPENDING', queue, GROUP, '-', '+', 1, WAITING)[1]
  local from = again and again[1]
  if not from then
    local group = call('XINFO', 'GROUPS', queue)[1]
    for at = 1, #group, 2 do
      if group[at] == 'last-delivered-id' then from = '(' .. group[at + 1] end
    end
  end
  local entry = call('XRANGE', queue, from, '+', 'COUNT', 1)[1]
  local victim = find(entry[2][2])
  if victim then close(victim, 'error', DROPPED) else call('XDEL', queue, entry[1]) end
end

local deadline = now + deadline_ms
local over = deadline + RETENTION + DAY
local queue = PREFIX .. 'queue:' .. rank
if call('EXISTS', queue) == 0 then call('XGROUP', 'CREATE', queue, GROUP, '0', 'MKSTREAM') end
local place = call('XADD', queue, '*', 'k', key)
keep(queue, over)
if not born then
  born = nonce
  call('HSET', session, 'born', born, 'tokens', 0, 'reserved', 0, 'time', 0, 'turns', 0, 'open', 0)
end
call('HINCRBY', session, 'reserved', max)
call('HINCRBY', session, 'turns', 1)
call('HINCRBY', session, 'open', 1)
keep(session, deadline + SESSION)
local hash = PREFIX .. 'task:' .. key
call('HSET', hash, 'state', 'waiting', 'worker', '', 'session', session_key, 'born', born, 'rank', rank, 'place', place,
  'said', string.format('{"queue_position":%d,"predicted_start_ms":%d}', ahead, start), 'did', nonce,
  'turn', 0, 'last', 0, 'tokens', 0, 'max', max, 'deadline', deadline, 'since', 0, 'counted', 0,
  'position', ahead, 'start', start, 'backoff', backoff, 'body', body)
call('PEXPIREAT', hash, over)
call('ZADD', PREFIX .. 'deadlines', deadline, key)
keep(PREFIX .. 'deadlines', over)
call('PUBLISH', PREFIX .. 'wake', '')
return {'', ahead, start, backoff, tokens, time}
