# One static library a layer. The order of REDIAL_LAYERS is the order of the layers,
# uppermost first, as the linker wants it; a test links its layer and those below.
noinst_LIBRARIES += libbase.a libconfig.a libdiscovery.a libproxy.a libdaemon.a

LIBS_BASE = libbase.a $(LIBEVENT_LIBS) $(JANSSON_LIBS)
LIBS_CONFIG = libconfig.a $(LIBS_BASE)
LIBS_DISCOVERY = libdiscovery.a $(LIBS_CONFIG) $(CARES_LIBS)
LIBS_PROXY = libproxy.a $(LIBS_DISCOVERY)
LIBS_DAEMON = libdaemon.a $(LIBS_PROXY)
