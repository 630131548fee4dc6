package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"
)

// Bounds of one commit: how many jobs share an fsync, and for how long the first
// of them may be kept waiting for the others. A job that somebody waits for goes
// first and is not held up by the work of the loop; that gets its share of every
// commit all the same, so that a storm delays it and never stops it.
const (
	batchJobs  = 256
	batchTime  = 10 * time.Millisecond
	urgentTime = 500 * time.Microsecond
	calmShare  = 4 // jobs of the loop that a commit takes when they wait
)

// job is one write. It is taken when the writer receives it; from then on its
// outcome is reported.
type job struct {
	run    func(ctx context.Context, t *tx) error
	urgent bool // a sender or a person waits for the answer
	done   chan error
	err    error
	woke   bool
}

// writer owns the connection that writes. Jobs come over an unbuffered channel,
// so that a job is either taken or was never seen.
type writer struct {
	db      *sql.DB
	conn    *conn // nil until it is needed, and again after trouble
	now     func() time.Time
	signal  func()
	full    func() // the disk has no room left
	log     *slog.Logger
	jobs    chan *job
	urgent  chan *job
	quit    chan struct{}
	stopped chan struct{}
	started bool
	failing bool // the last batch was lost
}

func newWriter(db *sql.DB, now func() time.Time, signal, full func(), log *slog.Logger) *writer {
	return &writer{db: db, now: now, signal: signal, full: full, log: log, jobs: make(chan *job), urgent: make(chan *job), quit: make(chan struct{}), stopped: make(chan struct{})}
}

func (w *writer) start() {
	w.started = true
	go w.loop()
}

// close waits for the batch that is under way.
func (w *writer) close() error {
	if w.started {
		close(w.quit)
		<-w.stopped
	}
	return w.db.Close()
}

func (w *writer) do(ctx context.Context, urgent bool, run func(ctx context.Context, t *tx) error) error {
	done, err := w.take(ctx, urgent, run)
	if err != nil {
		return err
	}
	return <-done
}

// take hands a job to the writer. An error means that it was not taken.
func (w *writer) take(ctx context.Context, urgent bool, run func(ctx context.Context, t *tx) error) (done <-chan error, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("write to store: %w", err)
	}
	j := &job{run: run, urgent: urgent, done: make(chan error, 1)}
	into := w.jobs
	if urgent {
		into = w.urgent
	}
	select {
	case into <- j:
		return j.done, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("write to store: %w", ctx.Err())
	case <-w.quit:
		return nil, errStopping()
	}
}

func (w *writer) loop() {
	defer close(w.stopped)
	for {
		select {
		case j := <-w.urgent:
			w.batch(context.Background(), j)
		case j := <-w.jobs:
			w.batch(context.Background(), j)
		case <-w.quit:
			w.drop()
			return
		}
	}
}

// batch runs the first job and those that come while it works, in one
// transaction. Each has a savepoint, so that one that errs harms no other; an
// error of the storage itself, or a commit that fails, fails them all.
func (w *writer) batch(ctx context.Context, first *job) {
	jobs := []*job{first}
	err := w.begin(ctx)
	if err == nil {
		jobs, err = w.runAll(ctx, jobs)
	}
	if err == nil {
		_, err = w.conn.exec(ctx, "COMMIT")
	}
	w.report(ctx, err)
	if err != nil {
		w.drop()
		if full(err) {
			w.full()
		}
		failure := unavailable(err)
		for _, j := range jobs {
			j.done <- failure
		}
		return
	}
	woke := false
	for _, j := range jobs {
		woke = woke || (j.woke && j.err == nil)
		j.done <- j.err
	}
	if woke {
		w.signal()
	}
}

// report logs when storage fails and when it is back, not every write between.
func (w *writer) report(ctx context.Context, err error) {
	switch {
	case err != nil && !w.failing:
		w.log.ErrorContext(ctx, "storage cannot be written", "err", err)
	case err == nil && w.failing:
		w.log.InfoContext(ctx, "storage can be written again")
	}
	w.failing = err != nil
}

func (w *writer) begin(ctx context.Context) error {
	if w.conn == nil {
		c, err := w.db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("open connection: %w", err)
		}
		w.conn = &conn{c: c, stmts: map[string]*sql.Stmt{}}
	}
	if _, err := w.conn.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	return nil
}

// runAll answers all jobs that it took, also when the storage broke.
func (w *writer) runAll(ctx context.Context, jobs []*job) ([]*job, error) {
	p := pace{began: time.Now()}
	for n := 0; ; n++ {
		p.took(jobs[n])
		if err := w.runOne(ctx, jobs[n]); err != nil {
			return jobs, err
		}
		if len(jobs) >= batchJobs || time.Since(p.began) > batchTime {
			return jobs, nil
		}
		next := w.next(&p)
		if next == nil {
			return jobs, nil
		}
		jobs = append(jobs, next)
	}
}

// pace decides whose turn it is within a batch.
type pace struct {
	began  time.Time
	urgent time.Time // when the first urgent job was taken
	calm   int       // jobs of the loop so far
}

func (p *pace) took(j *job) {
	switch {
	case !j.urgent:
		p.calm++
	case p.urgent.IsZero():
		p.urgent = time.Now()
	}
}

// calmMay reports whether a job of the loop may still join.
func (p *pace) calmMay() bool {
	return p.urgent.IsZero() || p.calm < calmShare || time.Since(p.urgent) < urgentTime
}

// next answers a job that waits, urgent ones first. Before it says that there is
// none it lets the callers run, who were just answered and may be about to send
// another.
func (w *writer) next(p *pace) *job {
	for range 2 {
		select {
		case j := <-w.urgent:
			return j
		default:
		}
		calm := w.jobs
		if !p.calmMay() {
			calm = nil
		}
		select {
		case j := <-calm:
			return j
		default:
			runtime.Gosched()
		}
	}
	return nil
}

// runOne keeps the job's own error in the job; what it answers is about the
// storage.
func (w *writer) runOne(ctx context.Context, j *job) error {
	if _, err := w.conn.exec(ctx, "SAVEPOINT job"); err != nil {
		return fmt.Errorf("begin job: %w", err)
	}
	t := &tx{conn: w.conn, d: sqliteDialect, clock: w.now}
	if j.err = t.tick(ctx); j.err == nil {
		j.err = w.guarded(ctx, j, t)
	}
	if j.err == nil {
		j.err = t.flush(ctx)
	}
	j.woke = t.woke
	if broken(j.err) {
		return j.err
	}
	if j.err != nil {
		if _, err := w.conn.exec(ctx, "ROLLBACK TO job"); err != nil {
			return fmt.Errorf("take back job: %w", err)
		}
	}
	if _, err := w.conn.exec(ctx, "RELEASE job"); err != nil {
		return fmt.Errorf("end job: %w", err)
	}
	return nil
}

// guarded turns a panic of a decision into an error of its job alone.
func (w *writer) guarded(ctx context.Context, j *job, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.log.ErrorContext(ctx, "decision panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("run job: panic: %v", p)
		}
	}()
	return j.run(ctx, t)
}

// drop closes the connection, which rolls back what it had begun. The next batch
// opens another one: the writer recovers when the storage does, and not before.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	w.conn.close()
	w.conn = nil
}
