# What scdoc makes, without what mandoc -T lint objects to: paragraphs of nothing, long lines, and a title in
# small letters.

# Breaks a line of text at a blank; none may begin with what would make a request of it.
function print_text(text, at) {
	while (length(text) > 80) {
		for (at = 80; at && substr(text, at, 2) !~ /^ [^ .']/; at--)
			;
		if (!at)
			break
		print substr(text, 1, at - 1)
		text = substr(text, at + 1)
	}
	print text
}

/^\.TH / {
	$2 = toupper($2)
}
/^\.P$/ {
	paragraph = 1
	next
}
/^\.RE$/ {
	print
	next
}
/^\.S[HS]/ {
	print
	paragraph = 0
	heading = 1
	next
}
{
	if (paragraph && !heading)
		print ".P"
	paragraph = heading = 0
}
/^\.nf$/ {
	literal = 1
}
/^\.fi$/ {
	literal = 0
}
literal || /^[.']/ {
	print
	next
}
{
	print_text($0)
}
