-- wrk script: rotates over the bodies named in a file (one "path<TAB>file" a line), given after "--".
-- A second argument spaces the requests of each connection: the mean pause in milliseconds.
local requests, count, at, pause = {}, 0, 0, nil

function init(args)
  local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json, */*",
                    ["User-Agent"] = "kube-apiserver-admission", ["Accept-Encoding"] = "gzip" }
  for line in io.lines(args[1]) do
    local url, name = line:match("^(%S+)\t(.+)$")
    local file = assert(io.open(name, "rb"))
    count = count + 1
    requests[count] = wrk.format("POST", url, headers, file:read("*a"))
    file:close()
  end
  pause = tonumber(args[2])
  if pause then delay = function() return math.random(0, 2 * pause) end end
  at = math.random(0, count - 1)
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%.3f,"p50":%d,"p99":%d,"max":%d,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency.max,
    e.connect + e.read + e.write + e.status + e.timeout))
end
