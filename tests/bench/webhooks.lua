-- wrk's side: one webhook for each case in turn. Arguments: the path, a file with a body a line.
local calls, at = {}, 0

function init(args)
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
   for body in io.lines(args[2]) do
      calls[#calls + 1] = wrk.format(nil, args[1], nil, body)
   end
   math.randomseed(os.time())
   at = math.random(#calls)
end

function request()
   at = at % #calls + 1
   return calls[at]
end

function done(summary, latency, requests)
   local refused = summary.errors.status
   local lost = summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.timeout
   print(string.format(
      'FOUND {"answered": %d, "refused": %d, "lost": %d, "seconds": %.3f, "p50": %.3f, "p99": %.3f}',
      summary.requests, refused, lost, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
