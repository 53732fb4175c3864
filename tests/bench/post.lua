-- What wrk sends: each request is a new message of one of the visitors.
-- OKNO_BENCH_TOKENS and OKNO_BENCH_TEXTS name files of one token, and of one text as JSON, a line;
-- OKNO_BENCH_RUN makes the ids of this run differ from those of every other.

local function lines(name)
  local found = {}
  for line in io.lines(os.getenv(name)) do found[#found + 1] = line end
  return found
end

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  texts = lines("OKNO_BENCH_TEXTS")
  headers = {}
  for at, token in ipairs(lines("OKNO_BENCH_TOKENS")) do
    headers[at] = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token}
  end
  prefix = os.getenv("OKNO_BENCH_RUN") .. "-" .. number .. "-"
  count = 0
end

function request()
  count = count + 1
  local body = '{"id":"' .. prefix .. count .. '","text":' .. texts[count % #texts + 1] .. "}"
  return wrk.format("POST", nil, headers[count % #headers + 1], body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
