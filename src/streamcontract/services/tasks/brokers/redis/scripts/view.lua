-- {last, ended, tokens spent, time spent, tasks that wait}, or nothing when the task is unknown.
local task = find(ARGV[FIRST])
if not task then return {} end
local tokens, time = spent(task)
return {task.last, task.state == 'ended' and 1 or 0, tokens, time, waiting(0) + waiting(1)}
