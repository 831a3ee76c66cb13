"""The numbers of the system calls that the sandbox knows, by machine; it makes none.

A name without a number on a machine does not exist there. `EVERY` holds the calls that are always allowed: work on open
files, on paths (which Landlock judges), memory, threads, time and the process itself. What has conditions is in
`filter.py`; whatever is in no table is refused.
"""


def _numbers(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (word.split(":") for word in text.split())}


EVERY = {
    "x86_64": _numbers("""
        read:0 write:1 readv:19 writev:20 pread64:17 pwrite64:18 preadv:295 pwritev:296 preadv2:327 pwritev2:328
        close:3 close_range:436 lseek:8 sendfile:40 copy_file_range:326 splice:275 open:2 openat:257 openat2:437
        creat:85 stat:4 lstat:6 fstat:5 newfstatat:262 statx:332 statfs:137 fstatfs:138 access:21 faccessat:269
        faccessat2:439 readlink:89 readlinkat:267 getdents:78 getdents64:217 mkdir:83 mkdirat:258 rmdir:84 unlink:87
        unlinkat:263 rename:82 renameat:264 renameat2:316 link:86 linkat:265 chdir:80 fchdir:81 getcwd:79
        ftruncate:77 fallocate:285 fadvise64:221 fsync:74 fdatasync:75 sync_file_range:277 flock:73 umask:95 dup:32
        dup2:33 dup3:292 pipe:22 pipe2:293 poll:7 ppoll:271 select:23 pselect6:270 epoll_create:213
        epoll_create1:291 epoll_ctl:233 epoll_wait:232 epoll_pwait:281 epoll_pwait2:441 eventfd:284 eventfd2:290
        timerfd_create:283 timerfd_settime:286 timerfd_gettime:287 mmap:9 munmap:11 mprotect:10 mremap:25 madvise:28
        msync:26 mincore:27 brk:12 membarrier:324 rseq:334 arch_prctl:158 futex:202 futex_waitv:449
        set_robust_list:273 get_robust_list:274 set_tid_address:218 exit:60 exit_group:231 gettid:186 getpid:39
        getppid:110 getpgrp:111 getpgid:121 getsid:124 getuid:102 geteuid:107 getgid:104 getegid:108 getresuid:118
        getresgid:120 getgroups:115 getrandom:318 uname:63 sysinfo:99 getrusage:98 times:100 getrlimit:97
        getpriority:140 getcpu:309 sched_yield:24 sched_getaffinity:204 sched_getparam:143 sched_getscheduler:145
        sched_get_priority_max:146 sched_get_priority_min:147 rt_sigaction:13 rt_sigprocmask:14 rt_sigreturn:15
        rt_sigpending:127 rt_sigtimedwait:128 rt_sigsuspend:130 sigaltstack:131 restart_syscall:219 pause:34 alarm:37
        setitimer:38 getitimer:36 nanosleep:35 clock_nanosleep:230 clock_gettime:228 clock_getres:229
        gettimeofday:96 time:201 getsockopt:55 getsockname:51 getpeername:52 recvfrom:45 shutdown:48 wait4:61
        waitid:247
    """),
    "aarch64": _numbers("""
        read:63 write:64 readv:65 writev:66 pread64:67 pwrite64:68 preadv:69 pwritev:70 preadv2:286 pwritev2:287
        close:57 close_range:436 lseek:62 sendfile:71 copy_file_range:285 splice:76 openat:56 openat2:437 fstat:80
        newfstatat:79 statx:291 statfs:43 fstatfs:44 faccessat:48 faccessat2:439 readlinkat:78 getdents64:61
        mkdirat:34 unlinkat:35 renameat:38 renameat2:276 linkat:37 chdir:49 fchdir:50 getcwd:17 ftruncate:46
        fallocate:47 fadvise64:223 fsync:82 fdatasync:83 sync_file_range:84 flock:32 umask:166 dup:23 dup3:24
        pipe2:59 ppoll:73 pselect6:72 epoll_create1:20 epoll_ctl:21 epoll_pwait:22 epoll_pwait2:441 eventfd2:19
        timerfd_create:85 timerfd_settime:86 timerfd_gettime:87 mmap:222 munmap:215 mprotect:226 mremap:216
        madvise:233 msync:227 mincore:232 brk:214 membarrier:283 rseq:293 futex:98 futex_waitv:449
        set_robust_list:99 get_robust_list:100 set_tid_address:96 exit:93 exit_group:94 gettid:178 getpid:172
        getppid:173 getpgid:155 getsid:156 getuid:174 geteuid:175 getgid:176 getegid:177 getresuid:148 getresgid:150
        getgroups:158 getrandom:278 uname:160 sysinfo:179 getrusage:165 times:153 getrlimit:163 getpriority:141
        getcpu:168 sched_yield:124 sched_getaffinity:123 sched_getparam:121 sched_getscheduler:120
        sched_get_priority_max:125 sched_get_priority_min:126 rt_sigaction:134 rt_sigprocmask:135 rt_sigreturn:139
        rt_sigpending:136 rt_sigtimedwait:137 rt_sigsuspend:133 sigaltstack:132 restart_syscall:128 setitimer:103
        getitimer:102 nanosleep:101 clock_nanosleep:115 clock_gettime:113 clock_getres:114 gettimeofday:169
        getsockopt:209 getsockname:204 getpeername:205 recvfrom:207 shutdown:210 wait4:260 waitid:95
    """),
}

# Allowed for some arguments only (filter.py).
SOME = {
    "x86_64": _numbers("""
        clone:56 clone3:435 prctl:157 ioctl:16 fcntl:72 kill:62 tgkill:234 prlimit64:302 socketpair:53 sendto:44
    """),
    "aarch64": _numbers("""
        clone:220 clone3:435 prctl:167 ioctl:29 fcntl:25 kill:129 tgkill:131 prlimit64:261 socketpair:199 sendto:206
    """),
}

# Landlock does not judge them, and what copies a file wants them: they do nothing and say that it is done.
PRETENDED = {
    "x86_64": _numbers("""
        chmod:90 fchmod:91 fchmodat:268 fchmodat2:452 chown:92 fchown:93 lchown:94 fchownat:260 utime:132 utimes:235
        utimensat:280 futimesat:261
    """),
    "aarch64": _numbers("fchmod:52 fchmodat:53 fchmodat2:452 fchown:55 fchownat:54 utimensat:88"),
}

# Refused as a file system without extended attributes does.
UNSUPPORTED = {
    "x86_64": _numbers("""
        setxattr:188 lsetxattr:189 fsetxattr:190 getxattr:191 lgetxattr:192 fgetxattr:193 listxattr:194
        llistxattr:195 flistxattr:196 removexattr:197 lremovexattr:198 fremovexattr:199
    """),
    "aarch64": _numbers("""
        setxattr:5 lsetxattr:6 fsetxattr:7 getxattr:8 lgetxattr:9 fgetxattr:10 listxattr:11 llistxattr:12
        flistxattr:13 removexattr:14 lremovexattr:15 fremovexattr:16
    """),
}
