# The pattern for AWS; cloudformation/README.md explains it.
EXTRA_DIST += cloudformation/README.md cloudformation/cluster.yml cloudformation/ec2-host.yml \
	cloudformation/hello.yml cloudformation/name-srv.yml cloudformation/name.yml \
	cloudformation/parent.yml cloudformation/vpc.yml
