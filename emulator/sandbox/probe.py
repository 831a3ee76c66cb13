"""What is tried in the sandbox before a server uses it, and must not work; it is a text, and nothing here runs it."""

# Prints a line for everything that worked and should not have.
ATTEMPTS = """
import ctypes, os, socket, subprocess

def attempt(what, *ways):
    for way in ways:
        try:
            way()
        except (OSError, ctypes.ArgumentError):
            continue
        print(what)

def connect(family, kind, address):
    with socket.socket(family, kind) as made:
        made.connect(address)

attempt("read a file of the system", lambda: open("/etc/passwd").read(), lambda: open("/proc/self/environ").read())
attempt("read the server's environment", lambda: open(f"/proc/{os.getppid()}/environ").read())
attempt("list the root folder", lambda: os.listdir("/"))
attempt("read the database", lambda: open(OUTSIDE).read())
attempt("write outside its folder", lambda: open(OUTSIDE, "a"), lambda: os.truncate(OUTSIDE, 0))
attempt("remove a file outside its folder", lambda: os.unlink(OUTSIDE))
attempt("make a symbolic link", lambda: os.symlink(OUTSIDE, "link"))
attempt("make a hard link", lambda: os.link(OUTSIDE, "hard"))
attempt("open a socket",
        lambda: socket.socket(), lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        lambda: socket.socket(socket.AF_INET6), lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
        lambda: socket.socket(socket.AF_UNIX), lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
        lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + "abstract"))
attempt("start a process", lambda: os.fork() or os._exit(0), lambda: subprocess.run(["/bin/true"]),
        lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("send a signal", lambda: os.kill(os.getppid(), 0), lambda: os.kill(-1, 0), lambda: os.kill(0, 0))
"""
