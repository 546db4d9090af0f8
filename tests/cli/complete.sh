#!/bin/bash
# Completion: what the program offers for a word, and what becomes of a line in a real shell.
. "$(dirname "$0")/../lib.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
export XDG_RUNTIME_DIR=$TEST_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
cd "$TEST_DIR" || exit 1
d() { dmabufctl "$@"; }

# offers WANTED WORD... - in one line, what the last of the words can become.
offers() {
	local wanted=$1
	shift
	ok "dmabufctl $*<TAB>" equal "$(d --complete -- "$@" | tr '\n' ' ')" "${wanted:+$wanted }"
}

lines() { tr '\n' ' ' | sed 's/ $//'; }
columns='INODE SIZE EXPORTER NAME DEVICE BAR RANGES ORIGIN STATE REFS ATTACHED TO PROMISES KERNEL IN-FLIGHT HOLDERS MAPPED-AT'
methods='reset flr memory d3hot low-power hot-reset sysfs-reset close unbind remove all'

offers "$(d --list-commands | lines)" ''
offers 'export exec explain' ex
offers '' nothing
offers '--context --complete' --co
offers '--context --complete' status --co
offers '--dot' status --d
offers '' status --frob
offers '--output --openmetrics' list --o
offers 'list start stop' context ''
offers 'start stop' context st
offers '' context list ''
offers '' context nothing ''
offers '0 1 2 3 4 5' export fffe:00:00.0 ''
offers '' export fffe:00:00.0 2 ''
offers '' export --name ''
offers '' status ''
offers ':files' batch ''
offers ':files' export fffe:00:00.0 2 --send-to ''
offers ':files' adopt --receive-from=x
offers ':commands' exec fb -- ''
offers ':commands' exec fb -- status ''
offers 'export exec explain' help ex
offers 'export exec explain' explain ENODEV --during ex
offers '' help export ''
offers 'r w rw' import fb --prot ''
offers 'iommufd device rdma kvm' import fb --to ''
offers 'device' import fb --to d
offers '--to=iommufd' import fb --to=i
offers 'r rw' import fb --prot r
offers '--prot=r --prot=rw' import fb --prot=r
offers "$methods" revoke fffe:00:00.0 --by ''
offers 'reset remove' revoke --by re
offers '--by=reset --by=remove' revoke fffe:00:00.0 --by=re
offers 'revoked' monitor --until revo
offers "$columns" list --sort ''
offers 'SIZE' list --sort si
offers 'inode,SIZE' list -o inode,si
offers '--output=INODE,SIZE' list --output=INODE,SI
offers '' list --pid ''
offers '' list --tree=
offers '' list --frob=

devices=$(ls /sys/bus/pci/devices 2>/dev/null)
first=$(head -n 1 <<<"$devices")
if [[ $first == 0000:* ]]; then
	offers "$(lines <<<"$devices")" bind ''
	offers "$(lines <<<"$devices")" verify map0 --from ''
	offers "$(lines <<<"$devices")" topology ''
	offers "$first" device "$first"
	offers "${first#0000:}" device "${first#0000:}"
	offers "--device=$first" list --device="$first"
	offers "$(grep -v "^$first$" <<<"$devices" | lines)" bind "$first" ''
	offers "$(grep -v "^$first$" <<<"$devices" | lines)" bind "${first#0000:}" ''
	offers "$(grep -v "^$first$" <<<"$devices" | lines)" topology "$first" ''
	offers '' attach "$first" ''
else
	skip 'devices' 'this machine has no PCI devices'
fi

# Contexts; asking starts none, and waits for none. Others may have some of their own.
directory=$XDG_RUNTIME_DIR/dmabufctl
[ "$(id -u)" -ne 0 ] || directory=/run/dmabufctl
mine=complete-$$
left() { find "$directory" -name "$mine*" -printf '%p %i %T@\n' 2>/dev/null | sort; }
offers '' --context $mine
ok 'asking for objects starts no context' equal "$(d --complete -- --context $mine unmap ''; left)" ''
d context start $mine
d context start ${mine}b
ok 'contexts' equal "$(d --complete -- --context $mine | sort | lines)" "$mine ${mine}b"
ok 'contexts, after =' \
	equal "$(d --complete -- status --context=$mine | sort | lines)" "--context=$mine --context=${mine}b"
ok 'contexts to stop' equal "$(d --complete -- context stop $mine | sort | lines)" "$mine ${mine}b"
"$(dirname "$(command -v dmabufctl)")/tests/lab/client" "$directory/$mine.socket" put 5 space0 '{"id": 1}' >/dev/null
offers space0 --context $mine attach 01:00.0 ''
offers space0 attach --context=$mine 01:00.0 s
offers space0 import fb --context $mine --ioas ''
offers '--ioas=space0' --context=$mine import fb --ioas=
offers space0 --context $mine release ''
offers '' --context $mine release space0 ''
offers '' --context ${mine}b attach 01:00.0 ''
offers '' attach 01:00.0 sp
before=$(left)
exec 9>>"$directory/$mine.lock"
flock 9
gives 0 'a context that a command has: no wait' timeout 20 dmabufctl --complete -- --context $mine unmap ''
ok 'a context that a command has: nothing is offered' equal "$out$err" ''
exec 9>&-
d --complete -- --context ${mine}b unmap '' >/dev/null
ok 'asking leaves everything as it was' equal "$(left)" "$before"
d context stop $mine
d context stop ${mine}b
touch "$directory/$mine bad.socket" "$directory/$mine.socket.old" "$directory/.socket"
offers '' --context $mine
rm "$directory/$mine bad.socket" "$directory/$mine.socket.old" "$directory/.socket"

# A real shell at a terminal: the line as it is when it is run.
cat >shell <<END
before=\$COMP_WORDBREAKS
. '$top/bash-completion/dmabufctl'
[ "\$before" = "\$COMP_WORDBREAKS" ] && printf '\nbreaks are kept\n'
PS1=
bind 'set enable-bracketed-paste off'
bind 'set bell-style none'
dmabufctl() {
	if [ "\$1" = --complete ]; then command dmabufctl "\$@"; else printf '<%s>' "\$@"; echo; fi
}
END
touch some-file
# A function that has its slot for itself: one that few letters tell.
alone=$(cut -d . -f 1 <<<"$devices" | uniq -u | grep '^0000:' | tail -n 1)
alone=${alone:+$(grep "^$alone" <<<"$devices")}
{
	printf '. ./shell\n'
	printf 'dmabufctl moni\t--until revo\t\n'
	printf 'dmabufctl revoke fffe:00:00.0 --by=hot\t\n'
	printf 'dmabufctl list -o inode,ex\t\n'
	printf 'dmabufctl batch some-f\t\n'
	printf 'dmabufctl adopt --receive-from=some-f\t\n'
	printf 'dmabufctl import "fb" --pro\tw\t\n'
	[ -z "$alone" ] || {
		printf 'dmabufctl device %s\t\n' "${alone%.*}"
		printf 'dmabufctl bind %s\t\n' "$(cut -c 6-10 <<<"$alone")"
		printf 'dmabufctl list --device=%s\t\n' "${alone%?}"
	}
	printf 'exit\n'
} >keys
timeout 60 script -qec 'bash --norc --noprofile -i' /dev/null <keys 2>&1 | tr -d '\r' >typed
took() { ok "typed: $1" grep -qxF -- "$2" typed; }
took 'a command and a value' '<monitor><--until><revoked>'
took 'a value behind =' '<revoke><fffe:00:00.0><--by=hot-reset>'
took 'a value behind a comma' '<list><-o><inode,EXPORTER>'
took 'a file' '<batch><some-file>'
took 'a file behind =' '<adopt><--receive-from=some-file>'
took 'behind a word in quotes' '<import><fb><--prot><w>'
took 'COMP_WORDBREAKS of the shell is as it was' 'breaks are kept'
if [ -n "$alone" ]; then
	took 'a device' "<device><$alone>"
	took 'a device, in short' "<bind><${alone#0000:}>"
	took 'a device behind =' "<list><--device=$alone>"
else
	skip 'typed: devices' 'no function of this machine is alone in its slot'
fi
done_testing
