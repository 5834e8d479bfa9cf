# What a template says, without a parser of YAML: our templates' own manner is enough, and
# tests/cloudformation/templates.sh holds this to a real parser.
#   awk -v want=program -v container=NAME     the last words of its Command, a block of lines
#   awk -v want=environment -v container=NAME NAME=VALUE lines, with the defaults of the parameters
#   awk -v want=default -v parameter=NAME     the default of a parameter
#   awk -v want=upstream                      the file that the user data writes

function indent(line) {
    match(line, /^ */)
    return RLENGTH
}

function unquoted(text) {
    return text ~ /^".*"$/ ? substr(text, 2, length(text) - 2) : text
}

# !Ref NAME and !Sub TEXT, by the parameters' defaults
function value_of(text) {
    if (sub(/^!Ref /, "", text))
        return defaults[text]
    if (!sub(/^!Sub /, "", text))
        return unquoted(text)
    return substituted(unquoted(text))
}

function substituted(text,  name) {
    while (match(text, /\$\{[A-Za-z]+\}/)) {
        name = substr(text, RSTART + 2, RLENGTH - 3)
        text = substr(text, 1, RSTART - 1) defaults[name] substr(text, RSTART + RLENGTH)
    }
    return text
}

function say_variable() {
    if (variable != "" && want == "environment" && here == container)
        print variable "=" value
    variable = ""
}

/^[A-Za-z]/ { section = $1 }
section == "Parameters:" && /^  [A-Za-z]+:$/ { named = substr($1, 1, length($1) - 1) }
section == "Parameters:" && /^    Default: / {
    defaults[named] = unquoted(substr($0, 14))
    if (want == "default" && named == parameter)
        print defaults[named]
}

# A block of lines: as long as they are blank or indented more than its first words.
block != "" && NF > 0 && indent($0) < depth { block = "" }
block == "upstream" && $1 == "UPSTREAM" { block = "" }
block == "program" || block == "upstream" {
    if (block == want)
        print substituted_if(substr($0, depth + 1))
    next
}
block == "folded" {
    value = value (value == "" ? "" : " ") substr($0, depth + 1)
    next
}

function substituted_if(line) {
    return want == "upstream" ? substituted(line) : line
}

/^        - Name: [a-z]/ {
    say_variable()
    here = $3
    variables = 0
}
/^          [A-Z][A-Za-z]+:/ {
    say_variable()
    variables = $1 == "Environment:"
}
variables && /^            - Name: / {
    say_variable()
    variable = $3
}
variables && variable != "" && /^              Value: / {
    value = substr($0, 22)
    if (value == ">-") {
        value = ""
        block = "folded"
        depth = 16
    } else
        value = value_of(value)
}
/^            - \|$/ && here == container {
    block = "program"
    depth = 14
}
/<<'UPSTREAM'$/ {
    block = "upstream"
    depth = indent($0)
}
END { say_variable() }
