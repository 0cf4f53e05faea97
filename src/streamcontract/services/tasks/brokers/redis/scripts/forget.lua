-- Delete a session; its tasks go on, and spend from nothing: 1, or 0 when it is unknown.
return call('DEL', PREFIX .. 'session:' .. ARGV[FIRST])
