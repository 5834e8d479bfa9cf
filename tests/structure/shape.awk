# The shape of each file. Run in src with the names of all its files: fails on a header without a
# guard of its own, on an umbrella header (one that only includes others), on a file of more than
# 500 lines and on a function of more than 80; prints the figures.
#
# It leans on the format that "make format-check" holds: a function's body begins with { and ends
# with } in the first column, and its declaration begins in the first column too.

BEGIN {
    file_limit = 500
    function_limit = 80
}

FNR == 1 {
    end_of_file()
    begin_of_file()
}

{
    lines[file] = FNR
    total++
    text = without_comments($0)
}

# --- functions ---
/^[A-Za-z_]/ {
    declared = FNR
    declaration = $0
}
/^\{/ {
    body = FNR
}
/^}[ \t]*$/ && body {
    end_of_function()
    body = 0
}

# --- headers ---
text ~ /^[ \t]*$/ {
    next
}
text ~ /^[ \t]*#/ {
    directive(text)
    next
}
{
    if (!guarded || !depth)
        unguarded = 1 # something before the guard or behind it
    substance = 1
}

END {
    end_of_file()
    printf "%d files, %d lines; longest file %s (%d lines); longest function %s (%d lines)\n",
        files, total, longest_file, lines[longest_file], longest_function, longest
    exit faults > 0
}

function begin_of_file() {
    file = FILENAME
    files++
    in_comment = guarded = unguarded = substance = includes = directives = depth = body = 0
    guard = ""
}

function end_of_file() {
    if (file == "")
        return
    if (lines[file] > file_limit)
        fault(file ": " lines[file] " lines, more than " file_limit)
    if (lines[file] > lines[longest_file])
        longest_file = file
    if (file ~ /\.h$/)
        end_of_header()
}

function end_of_header() {
    if (!guarded || unguarded)
        fault(file ": no include guard around all of it (#ifndef X, #define X ... #endif)")
    else if (guard in owner)
        fault(file ": its include guard " guard " is that of " owner[guard] " too")
    else
        owner[guard] = file
    if (includes && !substance)
        fault(file ": an umbrella header: it has nothing but includes")
}

function end_of_function(    name, count) {
    count = FNR - declared + 1
    name = declaration
    sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    functions++
    if (count > function_limit)
        fault(FILENAME ":" declared ": " name ": " count " lines, more than " function_limit)
    if (count > longest) {
        longest = count
        longest_function = name " in " FILENAME
    }
}

# The guard is the first two directives, and its #endif the last thing of the file.
function directive(line,    word) {
    sub(/^[ \t]*#[ \t]*/, "", line)
    split(line, word, /[ \t]+/)
    directives++
    if (guarded && !depth)
        unguarded = 1 # a directive behind the guard's #endif
    if (directives == 1 && word[1] == "ifndef")
        guard = word[2]
    if (directives == 2 && word[1] == "define" && guard != "" && word[2] == guard)
        guarded = 1
    if (word[1] == "include")
        includes++
    else if (word[1] == "define" && directives > 2)
        substance = 1
    if (word[1] ~ /^if/)
        depth++
    if (word[1] == "endif")
        depth--
}

# The line without comments; what stands in a string is no matter here.
function without_comments(line,    out, at) {
    out = ""
    while (line != "") {
        if (in_comment) {
            at = index(line, "*/")
            if (!at)
                return out
            line = substr(line, at + 2)
            in_comment = 0
            continue
        }
        if (!match(line, /\/[*\/]/))
            return out line
        out = out substr(line, 1, RSTART - 1)
        if (substr(line, RSTART, 2) == "//")
            return out
        line = substr(line, RSTART + 2)
        in_comment = 1
    }
    return out
}

function fault(text) {
    print "structure: " text
    faults++
}
