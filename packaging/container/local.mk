# The container image; make image IMAGE="--base host localhost/redial amd64" has it otherwise.
IMAGE =
.PHONY: image
image:
	$(top_srcdir)/packaging/container/make-image $(IMAGE)
# Its test, and that two builds are the same.
.PHONY: check-image
check-image:
	REDIAL_IMAGE_TWICE=yes $(MAKE) check TESTS=tests/packaging/image.sh
EXTRA_DIST += .dockerignore packaging/container/Containerfile packaging/container/README.md \
	packaging/container/build packaging/container/make-image packaging/container/redial.conf
