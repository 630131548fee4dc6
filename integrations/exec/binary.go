package exec

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mayday/integrations"
)

// binary is the file of a program, open, with the hash of what is in it.
type binary struct {
	file *os.File
	info fs.FileInfo
	sum  string
}

func (b *binary) close() { _ = b.file.Close() }

// writable reports whether others than the owner may change the file.
func (b *binary) writable() bool { return b.info.Mode().Perm()&0o022 != 0 }

// open reads the file of the program and refuses one that is not the one that
// the configuration lists. Nothing has run when it fails.
func (p program) open() (*binary, error) {
	file, err := os.Open(p.Path)
	if err != nil {
		return nil, p.unreadable(err)
	}
	b := &binary{file: file}
	if err := p.read(b); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (p program) read(b *binary) (err error) {
	if b.info, err = b.file.Stat(); err != nil {
		return p.unreadable(err)
	}
	if !b.info.Mode().IsRegular() || b.info.Mode().Perm()&0o111 == 0 {
		return &integrations.Rejected{Code: "E6", Why: p.Path + " is no program that can be run.", Fix: "Check its path, and chmod +x."}
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, b.file); err != nil {
		return p.unreadable(err)
	}
	b.sum = hex.EncodeToString(hash.Sum(nil))
	if p.SHA256 != "" && b.sum != p.SHA256 {
		return &integrations.Rejected{Code: "E6", Why: p.Path + " is not the file that the config lists: its sha256 begins with " + b.sum[:12] + ", listed is " + p.SHA256[:12] + ".",
			Fix: "Find out who changed it, then list the new sha256."}
	}
	return nil
}

// same reports that nobody wrote to the file while it was being hashed.
func (b *binary) same() bool {
	now, err := b.file.Stat()
	return err == nil && now.Size() == b.info.Size() && now.ModTime().Equal(b.info.ModTime()) && now.Mode() == b.info.Mode()
}

func (p program) unreadable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &integrations.Rejected{Code: "E5", Why: "There is no file " + p.Path + ".", Fix: "Install it where Mayday runs.", Err: err}
	case errors.Is(err, fs.ErrPermission):
		return &integrations.Rejected{Code: "E6", Why: "Mayday may not read " + p.Path + ".", Fix: "chmod o+rx " + p.Path, Err: err}
	}
	return &integrations.Rejected{Code: "E5", Why: p.Path + " cannot be read.", Err: fmt.Errorf("read program: %w", err)}
}
