-- Cancel a task: 1, or 0 when it is unknown.
local task = find(ARGV[FIRST])
if not task then return 0 end
if task.state ~= 'ended' then close(task, 'end', told(task, true)) end
return 1
