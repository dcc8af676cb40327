# Sums Surefire's reports: a line for each test that failed or was skipped, then `passed failed skipped`.
#
# Every <testsuite> carries its counts; every <testcase> that was skipped or failed has an element
# that says so.

function attribute(name) {
    return match($0, " " name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : ""
}
/<testsuite / { header = 1 }
header && / tests="/ { tests += attribute("tests"); bad += attribute("errors") + attribute("failures"); skipped += attribute("skipped") }
header && />/ { header = 0 }
/<testcase / { test = attribute("classname") "." attribute("name") }
/<skipped/ { print "skipped: " test " " attribute("message") }
/<(failure|error)[ >]/ { print "failed: " test }
END { print tests - bad - skipped, bad, skipped }
