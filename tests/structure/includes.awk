# Who includes whom. Run in src with the names of all its files: fails on an upward include, on a
# cycle between the modules of a layer (name.c and name.h are one module), on an include that
# leads nowhere, and on a folder that is no layer. A layer aside, such as the control client's, knows
# base alone, and but for the programs nobody knows it.

BEGIN {
    layers = split("base config discovery proxy daemon admin main", order, " ")
    for (i = 1; i <= layers; i++)
        rank[order[i]] = i
    aside["ctl"] = 1
    for (name in aside)
        rank[name] = rank["base"] + 0.5
    for (i = 1; i < ARGC; i++)
        exists[ARGV[i]] = 1
}

FNR == 1 && !(layer(FILENAME) in rank) {
    fault(FILENAME ": " layer(FILENAME) "/ is no layer (" layer_names() ")")
}

/^[ \t]*#[ \t]*include[ \t]/ {
    name = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    quoted = substr(name, 1, 1) == "\""
    name = substr(name, 2)
    sub(/[">].*/, "", name)
    include(name, quoted)
}

END {
    for (module in modules)
        visit(module, module)
    exit faults > 0
}

# The folder of a file; the programs beside the folders are the uppermost layer.
function layer(file) {
    return index(file, "/") ? substr(file, 1, index(file, "/") - 1) : "main"
}

function layer_names(    i, names) {
    names = order[1]
    for (i = 2; i <= layers; i++)
        names = names " < " order[i]
    for (i in aside)
        names = names ", aside " i
    return names
}

function module_of(file) {
    sub(/\.[ch]$/, "", file)
    return file
}

function folder(file) {
    return match(file, /.*\//) ? substr(file, 1, RLENGTH) : ""
}

function include(name, quoted,    target) {
    if (name in exists)
        target = name
    else if (quoted && (folder(FILENAME) name) in exists)
        target = folder(FILENAME) name
    else {
        if (quoted && name != "config.h") # config.h: what configure found, in the build tree
            fault(where() "includes \"" name "\", which is no file of src (no ../ either)")
        return
    }
    if (target ~ /\.c$/)
        fault(where() "includes the source file " target)
    if (rank[layer(target)] > rank[layer(FILENAME)])
        fault(where() "upward include: " layer(FILENAME) " may not know " layer(target) " (" target ")")
    if (layer(target) in aside && layer(FILENAME) != layer(target) && layer(FILENAME) != "main")
        fault(where() "sideward include: " layer(FILENAME) " may not know " layer(target) " (" target ")")
    if (layer(target) == layer(FILENAME))
        connect(module_of(FILENAME), module_of(target))
}

function connect(from, to) {
    if (from == to || (from, to) in edge)
        return
    edge[from, to] = where()
    modules[from] = modules[from] " " to
}

# Depth first. state: 1 while a module is on the path, 2 when all behind it is known.
function visit(module, path,    next_modules, count, i) {
    if (state[module] == 2)
        return
    state[module] = 1
    count = split(modules[module], next_modules, " ")
    for (i = 1; i <= count; i++) {
        if (state[next_modules[i]] == 1)
            fault(edge[module, next_modules[i]] "include cycle: " cycle(path, next_modules[i]))
        else if (next_modules[i] in modules)
            visit(next_modules[i], path " > " next_modules[i])
    }
    state[module] = 2
}

# The end of the path, from where it meets itself.
function cycle(path, meeting) {
    path = path " > "
    return substr(path, index(" " path, " " meeting " > ")) meeting
}

function where() {
    return FILENAME ":" FNR ": "
}

function fault(text) {
    print "structure: " text
    faults++
}
