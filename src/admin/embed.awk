# The bytes that "od -An -v -tu1" prints, as the C array of admin/page.h.

BEGIN {
    print "/* Made from page.html: change that, not this. */"
    print "#include \"admin/page.h\"\n"
    print "const unsigned char page_bytes[] = {"
}

{
    gsub(/[0-9]+/, "&,")
    print
}

END {
    print "};\nconst size_t page_size = sizeof page_bytes;"
}
