# A login shell of Debian forgets PATH; a terminal in Lab is one.
PATH="${VIRTUAL_ENV:+$VIRTUAL_ENV/bin:}/opt/base/bin:$PATH"
