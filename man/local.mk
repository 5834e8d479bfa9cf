dist_man_MANS = man/redial.conf.5
