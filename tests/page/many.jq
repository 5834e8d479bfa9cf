# $many upstreams like the first.
.upstreams = [range($many) as $i | .upstreams[0] | .name = "service-\($i)" | .target = ["service-\($i).internal:80"]]
