"""Every way out of the sandbox that we could think of, as code for it; also run inside the image (tests/image).

Each piece calls `refused(way, ...)`: what raises is fine, what returns prints ESCAPED. `OUTSIDE` is a file of the
server, `LOOPBACK` a port that listens, `ABSTRACT` an abstract socket that listens, `SECRET` a value in the server's environment.
"""

PRELUDE = """
import ctypes, errno, fcntl, mmap, os, platform, signal, socket, struct, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "x86_64": dict(openat=257, socket=41, connect=42, clone=56, fork=57, vfork=58, execve=59, execveat=322, kill=62, tkill=200,
        tgkill=234, rt_sigqueueinfo=129, rt_tgsigqueueinfo=297, pidfd_open=434, pidfd_send_signal=424, pidfd_getfd=438,
        ptrace=101, process_vm_readv=310, process_vm_writev=311, kcmp=312, process_madvise=440, setrlimit=160,
        prlimit64=302, setpriority=141, sched_setaffinity=203, memfd_create=319, memfd_secret=447, shmget=29, mq_open=240,
        mlock=149, mount=165, umount2=166, unshare=272, setns=308, chroot=161, pivot_root=155, fsopen=430, open_tree=428,
        bpf=321, perf_event_open=298, userfaultfd=323, keyctl=250, add_key=248, init_module=175, personality=135,
        io_uring_setup=425, name_to_handle_at=303, open_by_handle_at=304, setuid=105, setgid=106, capset=126, prctl=157,
        seccomp=317, timer_create=222, inotify_init1=294, fanotify_init=300, sendmsg=46, sendmmsg=307, bind=49, truncate=76,
        chmod=90, mknodat=259, symlinkat=266, linkat=265, ioctl=16, fcntl=72, clone3=435, swapon=167, acct=163),
    "aarch64": dict(openat=56, socket=198, connect=203, clone=220, execve=221, execveat=281, kill=129, tkill=130, tgkill=131,
        rt_sigqueueinfo=138, rt_tgsigqueueinfo=240, pidfd_open=434, pidfd_send_signal=424, pidfd_getfd=438, ptrace=117,
        process_vm_readv=270, process_vm_writev=271, kcmp=272, process_madvise=440, setrlimit=164, prlimit64=261,
        setpriority=140, sched_setaffinity=122, memfd_create=279, memfd_secret=447, shmget=194, mq_open=180, mlock=228,
        mount=40, umount2=39, unshare=97, setns=268, chroot=51, pivot_root=41, fsopen=430, open_tree=428, bpf=280,
        perf_event_open=241, userfaultfd=282, keyctl=219, add_key=217, init_module=105, personality=92, io_uring_setup=425,
        name_to_handle_at=264, open_by_handle_at=265, setuid=146, setgid=144, capset=91, prctl=167, seccomp=277,
        timer_create=107, inotify_init1=26, fanotify_init=262, sendmsg=211, sendmmsg=269, bind=200, truncate=45, mknodat=33,
        symlinkat=36, linkat=37, ioctl=29, fcntl=25, clone3=435, swapon=224, acct=89),
}[platform.machine()]
SERVER = os.getppid()

def call(name, *arguments):
    if name not in NUMBERS:
        raise OSError("there is none on this machine")
    result = libc.syscall(NUMBERS[name] if isinstance(name, str) else name, *arguments)
    number = ctypes.get_errno()
    if result < 0 and number in (errno.EPERM, errno.EACCES, errno.ENOSYS):
        raise OSError(number, os.strerror(number))
    return name, result, number  # another error is the call's own: it was made

def refused(*ways):
    for number, way in enumerate(ways):
        try:
            found = way()
        except (OSError, RuntimeError, ValueError) as error:
            print("refused:", error)
        else:
            print("ESCAPED", number, repr(found)[:100])

def through(kind, family, address, flags=0):
    with socket.socket(family, kind) as made:
        return made.connect(address)

def read(path):
    with open(path, "rb") as file:
        return file.read()
"""

ATTEMPTS = {
    "read the files of the system": """
refused(lambda: read("/etc/passwd"), lambda: read("/etc/hostname"), lambda: read("/etc/shadow"), lambda: read("/etc/hosts"),
        lambda: read("/mnt/data/../../etc/passwd"), lambda: read("/mnt/data/../../../../../etc/passwd"),
        lambda: read("/proc/self/root/etc/passwd"), lambda: read("/proc/self/cwd/../../../../etc/passwd"),
        lambda: call("openat", -100, b"/etc/passwd", 0), lambda: read("/dev/mem"), lambda: read("/sys/kernel/uevent_seqnum"))
""",
    "read a file of the server": """
refused(lambda: read(OUTSIDE), lambda: open(OUTSIDE, "r+"), lambda: os.open(OUTSIDE, os.O_RDONLY | os.O_NOATIME))
""",
    "reopen a path that was only pointed at": """
pointed = os.open(OUTSIDE, os.O_PATH)
refused(lambda: read(f"/proc/self/fd/{pointed}"), lambda: os.read(pointed, 1), lambda: mmap.mmap(pointed, 1),
        lambda: os.sendfile(1, pointed, 0, 10))
""",
    "list folders": """
refused(*(lambda path=path: os.listdir(path) for path in ("/", "/etc", "/proc", "/tmp", "/home", "/root", "/data", "../..",
        "/mnt/data/../..", os.path.dirname(OUTSIDE), "/dev", "/sys", "/run", "/var")))
""",
    "write outside": """
import tempfile
refused(*(lambda path=path: open(path, "w") for path in ("/tmp/x", "/x", "../../x", "/dev/shm/x", "/var/tmp/x", OUTSIDE + "x",
        os.path.join(os.path.dirname(os.__file__), "x.py"))),
        lambda: open(OUTSIDE, "a"), lambda: os.truncate(OUTSIDE, 0), lambda: call("truncate", OUTSIDE.encode(), 0),
        lambda: os.mkdir(OUTSIDE + "d"), lambda: os.unlink(OUTSIDE), lambda: os.rename(OUTSIDE, "mine"),
        lambda: os.rmdir(os.path.dirname(OUTSIDE)))
open("mine", "w").close()
refused(lambda: os.rename("mine", OUTSIDE), lambda: os.replace("mine", "/tmp/mine"), lambda: os.link("mine", OUTSIDE + "l"))
""",
    "make links and devices": """
refused(lambda: os.symlink("/etc/passwd", "link"), lambda: os.symlink("..", "link"), lambda: os.link("/etc/passwd", "hard"),
        lambda: os.link(OUTSIDE, "hard"), lambda: call("symlinkat", b"/etc", -100, b"link"), lambda: os.mkfifo("fifo"),
        lambda: os.mknod("node", 0o600 | 0o020000, os.makedev(1, 3)), lambda: os.mknod("socket", 0o600 | 0o140000))
""",
    "see the server's environment": """
refused(lambda: os.environ[SECRET] if SECRET in os.environ else read("/nowhere"), lambda: read("/proc/self/environ"),
        lambda: read(f"/proc/{SERVER}/environ"), lambda: read(f"/proc/{SERVER}/cmdline"), lambda: read(f"/proc/{SERVER}/maps"),
        lambda: read(f"/proc/{SERVER}/mem"), lambda: read("/proc/1/environ"), lambda: os.listdir(f"/proc/{SERVER}/fd"),
        lambda: os.readlink(f"/proc/{SERVER}/cwd"), lambda: os.readlink(f"/proc/{SERVER}/exe"),
        lambda: os.readlink(f"/proc/{SERVER}/fd/3"))
assert not [name for name in os.environ if "EMULATOR" in name or "KEY" in name], os.environ
""",
    "open sockets": """
kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
refused(*(lambda family=family, kind=kind: socket.socket(family, kind) for kind in kinds
          for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET, 38, 40)))
refused(lambda: call("socket", 1, 1, 0), lambda: call("socket", 2, 1, 0), lambda: call(0x40000000 | 41, 2, 1, 0))
""",
    "reach loopback": """
refused(lambda: socket.create_connection(("127.0.0.1", LOOPBACK), 1), lambda: through(1, socket.AF_INET, ("127.0.0.1", LOOPBACK)))
import urllib.request
refused(lambda: urllib.request.urlopen(f"http://127.0.0.1:{LOOPBACK}/", timeout=1), lambda: socket.getaddrinfo("example.com", 80))
""",
    "reach an abstract socket": """
refused(*(lambda kind=kind: through(kind, socket.AF_UNIX, ABSTRACT) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)))
""",
    "turn a socket pair into more": """
near, far = socket.socketpair()
address = struct.pack("H", 1) + ABSTRACT.encode()
refused(lambda: near.connect(ABSTRACT), lambda: near.sendto(b"x", ABSTRACT), lambda: near.bind("socket"), lambda: near.listen(),
        lambda: call("sendmsg", near.fileno(), None, 0), lambda: call("sendmmsg", near.fileno(), None, 0, 0),
        lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET),
        lambda: socket.socketpair(socket.AF_INET, socket.SOCK_STREAM))
""",
    "start processes": """
refused(lambda: os.fork(), lambda: os.forkpty(), lambda: call("vfork"), lambda: call("fork"), lambda: call("clone", 17, 0, 0, 0, 0),
        lambda: call("clone", 0x100 | 0x4000 | 17, 0, 0, 0, 0), lambda: call("clone3", bytes(88), 88),
        lambda: subprocess.run(["/bin/true"]), lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.execv("/bin/true", ["true"]), lambda: os.execv(sys.executable, ["python"]),
        lambda: call("execve", b"/bin/true", None, None), lambda: call("execveat", -100, b"/bin/true", None, None, 0))
import multiprocessing
refused(lambda: multiprocessing.Process(target=print).start())
assert os.system("true") != 0
""",
    "send signals": """
refused(lambda: os.kill(SERVER, 0), lambda: os.kill(SERVER, 9), lambda: os.kill(1, 0), lambda: os.kill(-1, 0), lambda: os.kill(0, 0),
        lambda: os.killpg(0, 0), lambda: call("tkill", SERVER, 0), lambda: call("tgkill", SERVER, SERVER, 0),
        lambda: call("rt_sigqueueinfo", SERVER, 0, bytes(128)), lambda: call("rt_tgsigqueueinfo", SERVER, SERVER, 0, bytes(128)),
        lambda: call("pidfd_open", SERVER, 0), lambda: call("pidfd_send_signal", 0, 0, 0, 0))
""",
    "let the kernel send signals": """
reading, writing = os.pipe()
refused(lambda: fcntl.fcntl(reading, 8, SERVER), lambda: fcntl.fcntl(reading, 10, 9), lambda: fcntl.fcntl(reading, 15, bytes(8)),
        lambda: fcntl.fcntl(reading, 1024, 1), lambda: fcntl.fcntl(reading, 1026, 1), lambda: fcntl.ioctl(reading, 0x8901, struct.pack("i", SERVER)),
        lambda: fcntl.ioctl(reading, 0x5452, struct.pack("i", 1)), lambda: call("timer_create", 0, bytes(64), bytes(8)),
        lambda: call("prctl", 1, 0, 0, 0, 0), lambda: call("prctl", 4, 0, 0, 0, 0), lambda: call("prctl", 36, 1, 0, 0, 0))
""",
    "look into other processes": """
refused(lambda: call("ptrace", 16, SERVER, 0, 0), lambda: call("ptrace", 0x4206, SERVER, 0, 0), lambda: call("ptrace", 0, 0, 0, 0),
        lambda: call("process_vm_readv", SERVER, None, 0, None, 0, 0), lambda: call("process_vm_writev", SERVER, None, 0, None, 0, 0),
        lambda: call("pidfd_getfd", 0, 0, 0), lambda: call("kcmp", SERVER, SERVER, 0, 0, 0), lambda: call("process_madvise", 0, 0, 0, 0, 0))
""",
    "raise its limits": """
import resource
most = resource.RLIM_INFINITY
refused(*(lambda kind=kind: resource.setrlimit(kind, (most, most)) for kind in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)),
        lambda: resource.prlimit(SERVER, resource.RLIMIT_NOFILE, (1, 1)), lambda: call("setrlimit", 9, struct.pack("QQ", 1 << 60, 1 << 60)),
        lambda: call("setpriority", 0, SERVER, 19), lambda: os.nice(-1), lambda: os.sched_setaffinity(SERVER, {0}),
        lambda: call("capset", struct.pack("Ii", 0x20080522, 0), b"\\xff" * 24))
""",
    "take memory that is not counted": """
refused(lambda: os.memfd_create("x"), lambda: call("memfd_secret", 0), lambda: call("shmget", 0, 1 << 30, 0o1600),
        lambda: call("mq_open", b"/x", 0o100, 0o600, None), lambda: call("mlock", 0, 4096), lambda: fcntl.fcntl(os.pipe()[0], 1031, 1 << 20))
""",
    "use the kernel's other doors": """
refused(*(lambda name=name: call(name, 0, 0, 0, 0, 0) for name in ("mount", "umount2", "unshare", "setns", "chroot", "pivot_root", "fsopen",
        "open_tree", "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "init_module", "io_uring_setup", "name_to_handle_at",
        "open_by_handle_at", "seccomp", "inotify_init1", "fanotify_init", "swapon", "acct", "personality")))
refused(lambda: os.chroot("."), lambda: os.unshare(0x10000000) if hasattr(os, "unshare") else call("unshare", 0x10000000),
        lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([]), lambda: os.setsid())
""",
}

# Said to be done and not done: what copies a file asks for it.
PRETENDED = """
os.chmod(OUTSIDE, 0o777); os.chown(OUTSIDE, 12345, 12345); os.utime(OUTSIDE, (1, 1))
refused(lambda: os.setxattr(OUTSIDE, "user.x", b"x"))
import shutil
open("a", "w").close(); shutil.copy2("a", "b")
"""
