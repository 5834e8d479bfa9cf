# The manual, and the files of conf/ as examples: whoever packages redial takes them to /etc/redial,
# where they are the administrator's and no later "make install" may touch them.
dist_man_MANS = man/redialctl.1 man/redial.8 man/redial.conf.5

examplesdir = $(docdir)/examples
dist_examples_DATA = conf/redial.conf
exampleupstreamsdir = $(examplesdir)/upstreams.d
dist_exampleupstreams_DATA = conf/upstreams.d/example.conf.sample
