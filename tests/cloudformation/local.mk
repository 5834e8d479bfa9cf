# The templates of cloudformation/ by AWS's own validator (Node 18, npm); skips where these are not.
TESTS += tests/cloudformation/templates.sh
EXTRA_DIST += tests/cloudformation/templates.sh tests/cloudformation/package.json \
	tests/cloudformation/check.mjs tests/cloudformation/mutations.mjs tests/cloudformation/nested.mjs \
	tests/cloudformation/rules.mjs tests/cloudformation/taken.mjs tests/cloudformation/template.mjs

CLEAN_HOOKS += clean-node-packages
clean-node-packages:
	rm -rf tests/cloudformation/packages
