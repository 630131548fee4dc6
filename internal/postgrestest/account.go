package postgrestest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that the server runs as. Postgres refuses to run as root,
// so root lends it to an unprivileged one; anybody else runs it as themselves.
type account struct {
	credential *syscall.Credential // nil: ourselves
}

func serverUser() (*account, error) {
	if os.Geteuid() != 0 {
		return &account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("read ids of user %s: %w", name, err)
		}
		return &account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, errors.New("running as root, and there is neither a user postgres nor a user nobody to run the server as")
}

// own hands a file or directory to the account, and checks that the account can
// get to it: a private TMPDIR of root is the usual trap.
func (a *account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return fmt.Errorf("hand over %s: %w", path, err)
	}
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("inspect %s: %w", dir, err)
		}
		if !a.enters(info) {
			return fmt.Errorf("the server's user cannot enter %s (mode %s); set TMPDIR to a directory that it can", dir, info.Mode())
		}
	}
	return nil
}

func (a *account) enters(dir os.FileInfo) bool {
	stat, ok := dir.Sys().(*syscall.Stat_t)
	if ok && stat.Uid == a.credential.Uid {
		return dir.Mode().Perm()&0o100 != 0
	}
	return dir.Mode().Perm()&0o001 != 0
}

// apply makes the command run as the account, in dir, with an environment that
// holds nothing of ours (a PGPORT or PGDATA would change what it does).
func (a *account) apply(cmd *exec.Cmd, dir string) {
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + dir, "TMPDIR=" + dir}
	// SIGQUIT is Postgres's immediate shutdown: it takes its children along.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential, Pdeathsig: syscall.SIGQUIT}
}
