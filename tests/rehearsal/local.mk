# The pattern of cloudformation/ in network namespaces (root, node, PowerDNS), with what its templates
# say; skips where these are not.
TESTS += tests/rehearsal/rehearsal.sh
EXTRA_DIST += tests/rehearsal/rehearsal.sh tests/rehearsal/task.sh tests/rehearsal/extract.awk \
	tests/rehearsal/load.js tests/rehearsal/name.js

# make rehearsal: the same with the records' TTL of the template, which takes minutes
rehearsal: redial$(EXEEXT) redialctl$(EXEEXT)
	srcdir=$(top_srcdir) $(top_srcdir)/tests/rehearsal/rehearsal.sh full
