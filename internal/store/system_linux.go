package store

import (
	"errors"
	"os"
	"syscall"
)

// remoteMagic are the filesystems of Linux that live on another machine.
var remoteMagic = map[int64]string{
	0x6969:     "NFS",
	0xff534d42: "CIFS",
	0xfe534d42: "SMB2",
	0x517b:     "SMB",
	0x01021997: "9p",
	0x00c36400: "Ceph",
	0x5346414f: "AFS",
	0x73757245: "Coda",
	0x564c:     "NCP",
}

// networkFilesystem tells whether a directory lives on another machine.
func networkFilesystem(dir string) (kind string, remote bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return "", false // what is wrong with it shows when it is used
	}
	kind, remote = remoteMagic[int64(st.Type)&0xffffffff] //nolint:unconvert // the type is narrower on 32-bit machines
	return kind, remote
}

// noticeSilence makes a connection fail when what was sent is not confirmed for
// 10 s, so that a network that is cut is noticed before the kernel's own quarter
// of an hour.
func noticeSilence(_, _ string, c syscall.RawConn) error {
	const tcpUserTimeout = 18 // linux/tcp.h
	return c.Control(func(fd uintptr) {
		// Sockets that are not TCP have no such option and need none.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, 10_000)
	})
}

// FreeBytes is the room that a process without special rights has on the disk of
// a directory.
func FreeBytes(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// allocate takes room on the disk without writing to it.
func allocate(f *os.File, size int64) error {
	err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return fill(f, size)
	}
	return err
}
