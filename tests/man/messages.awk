# The log lines of C sources: "level message: field field", in the order of the call.

function literals(text, pattern, skip,    found) {
    found = ""
    while (match(text, pattern)) {
        found = found " " substr(text, RSTART + skip, RLENGTH - skip - 1)
        text = substr(text, RSTART + RLENGTH)
    }
    return found
}

function fields_of(text,    i, count, calls, name, found) {
    count = split(text, calls, /log_(text|number|msec)\(/)
    found = ""
    for (i = 2; i <= count; i++)
        if (match(calls[i], /^"[^"]*"/)) found = found " " substr(calls[i], 2, RLENGTH - 2)
    return found
}

function message_of(text,    quoted) {
    match(text, /"[^"]*"/)
    return substr(text, RSTART + 1, RLENGTH - 2)
}

function take(statement,    level) {
    gsub(/[ \t\n]+/, " ", statement)
    if (statement ~ /struct log_field fields\[\] = \{/) pending = fields_of(statement)
    if (match(statement, /log_(outcome_)?(error|warning|info|debug)\( ?"/)) {
        level = substr(statement, RSTART + 4, RLENGTH)
        sub(/^outcome_/, "", level)
        sub(/\(.*/, "", level)
        print level " " message_of(substr(statement, RSTART)) ":" fields_of(substr(statement, RSTART))
    } else if (match(statement, /engine_fail\("/)) {
        print "error " message_of(substr(statement, RSTART)) ": error"
    } else if (match(statement, /log_write\(LOG_LEVEL_[A-Z]+, "/)) {
        level = tolower(substr(statement, RSTART + 20))
        sub(/,.*/, "", level)
        print level " " message_of(substr(statement, RSTART)) ":" pending
    } else if (match(statement, /format_line\(&line, LOG_LEVEL_[A-Z]+, "/)) {
        level = tolower(substr(statement, RSTART + 29))
        sub(/,.*/, "", level)
        print level " " message_of(substr(statement, RSTART)) ":" fields_of(substr(statement, RSTART))
    }
}

FNR == 1 { statement = ""; pending = "" }
/^[ \t]*(\/\*|\*|#)/ { next }
{
    statement = statement "\n" $0
    if ($0 ~ /;[ \t]*(\/\*.*\*\/)?$/ || $0 ~ /^}/) {
        take(statement)
        statement = ""
    }
}
