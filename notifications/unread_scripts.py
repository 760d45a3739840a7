"""The Lua behind notifications.unread: each script is one atomic step. ARGV[1] is the prefix of all keys.

Keys a user: `i:` unread ids, `s:` unseen ids, `w:` whole since (ms), `v:` version, `c:` a change under way. A version
is Redis' time in microseconds, so it never comes again, also after Redis was emptied.
"""

from __future__ import annotations

SENTINEL = "*"
# Rebuilt at least this often, so that what expires from an inbox leaves its count.
WHOLE_S = 6 * 3600
# The sets outlive `whole`, so that nothing is ever added to one that has just expired.
SETS_S = WHOLE_S + 600
# Longer than a rebuild or a change may take; a rebuild slower than REBUILD_MS is not kept.
TRACE_S = 120
REBUILD_MS = 60_000

_START = f"""
local p = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = time[1] .. string.format('%06d', time[2])
local function touch(user) redis.call('SET', p .. 'v:' .. user, version, 'EX', {TRACE_S}) end
"""

# ARGV: by how much clocks may differ (ms), then user, id, user, id, …
# A notification id holds the time it was accepted (UUIDv7) after its prefix.
ADD = f"""{_START}
for i = 3, #ARGV, 2 do
  local user, id = ARGV[i], ARGV[i + 1]
  local since = redis.call('GET', p .. 'w:' .. user)
  if not since then
    touch(user)
  else
    local unread, unseen = p .. 'i:' .. user, p .. 's:' .. user
    local accepted = tonumber(string.sub(id, 7, 18), 16) or 0
    if accepted > since + ARGV[2]
        or redis.call('SISMEMBER', unread, id) + redis.call('SISMEMBER', unseen, id) == 2 then
      redis.call('SADD', unread, id)
      redis.call('SADD', unseen, id)
    else
      redis.call('DEL', p .. 'w:' .. user)
      touch(user)
    end
  end
end
"""

# ARGV: users. Returns now, then for each user {unread, unseen, ''}, or {-1, -1, version} where the sets aren't whole.
LOOK = f"""{_START}
local found = {{now}}
for i = 2, #ARGV do
  local unread, unseen = p .. 'i:' .. ARGV[i], p .. 's:' .. ARGV[i]
  if redis.call('EXISTS', p .. 'w:' .. ARGV[i]) == 1
      and redis.call('SISMEMBER', unread, '{SENTINEL}') + redis.call('SISMEMBER', unseen, '{SENTINEL}') == 2 then
    found[i] = {{redis.call('SCARD', unread) - 1, redis.call('SCARD', unseen) - 1, ''}}
  else
    local seen = redis.call('GET', p .. 'v:' .. ARGV[i])
    if not seen then touch(ARGV[i]) end
    found[i] = {{-1, -1, seen or version}}
  end
end
return found
"""

# ARGV: user, version and time at the look, how many are unread, unread ids, unseen ids.
FILL = f"""{_START}
local user, version_then, looked_at, count = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('GET', p .. 'v:' .. user) ~= version_then or redis.call('EXISTS', p .. 'c:' .. user) == 1
    or now - looked_at > {REBUILD_MS} then return 0 end
local function keep(name, first, last)
  redis.call('DEL', name)
  redis.call('SADD', name, '{SENTINEL}')
  for i = first, last do redis.call('SADD', name, ARGV[i]) end
  redis.call('EXPIRE', name, {SETS_S})
end
keep(p .. 'i:' .. user, 6, 5 + count)
keep(p .. 's:' .. user, 6 + count, #ARGV)
redis.call('SET', p .. 'w:' .. user, looked_at, 'EX', {WHOLE_S})
touch(user)
return 1
"""

# ARGV: user. Returns the change's token, and the seconds for which the sets were to be whole (0: they weren't).
BEGIN = f"""{_START}
local user = ARGV[2]
local left = redis.call('TTL', p .. 'w:' .. user)
redis.call('DEL', p .. 'w:' .. user)
redis.call('SET', p .. 'c:' .. user, version, 'EX', {TRACE_S})
touch(user)
return {{version, left > 0 and left or 0}}
"""

# ARGV: user, token, seconds, whether what follows is all that changed, then id, unread, unseen, id, …
END = f"""{_START}
local user, token, left, known = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local whole, change = p .. 'w:' .. user, p .. 'c:' .. user
local alone = redis.call('GET', p .. 'v:' .. user) == token
if redis.call('GET', change) == token then redis.call('DEL', change) end
touch(user)
redis.call('DEL', whole)
if not (alone and known and left > 0) then return 0 end
for i = 6, #ARGV, 3 do
  redis.call(ARGV[i + 1] == '1' and 'SADD' or 'SREM', p .. 'i:' .. user, ARGV[i])
  redis.call(ARGV[i + 2] == '1' and 'SADD' or 'SREM', p .. 's:' .. user, ARGV[i])
end
redis.call('SET', whole, now, 'EX', left)
return 1
"""
