package postgres

import "slices"

// waits is who holds whom up. Parallel workers count as their leader, and 0
// stands for prepared transactions, which have no session.
type waits struct {
	blockers map[int32][]int32 // of a waiting session
	waiters  map[int32][]int32 // of a blocker
}

func waitsOf(sessions []session) waits {
	w := waits{blockers: map[int32][]int32{}, waiters: map[int32][]int32{}}
	leader := map[int32]int32{0: 0} // of every pid that is still there
	for _, s := range sessions {
		leader[s.pid] = s.pid
		if s.leader != 0 {
			leader[s.pid] = s.leader
		}
	}
	for _, s := range sessions {
		for _, blocker := range s.blockers {
			by, there := leader[blocker]
			if there {
				w.add(leader[s.pid], by)
			}
		}
	}
	return w
}

func (w waits) add(waiter, blocker int32) {
	if waiter == blocker || slices.Contains(w.blockers[waiter], blocker) {
		return
	}
	w.blockers[waiter] = append(w.blockers[waiter], blocker)
	w.waiters[blocker] = append(w.waiters[blocker], waiter)
}

// waiting reports whether somebody holds the session up.
func (w waits) waiting(pid int32) bool { return len(w.blockers[pid]) > 0 }

// blocking reports whether the session holds somebody up.
func (w waits) blocking(pid int32) bool { return len(w.waiters[pid]) > 0 }

// root reports whether the session holds others up and waits for nobody: ending
// it is what lets the others go on.
func (w waits) root(pid int32) bool { return w.blocking(pid) && !w.waiting(pid) }

// heldBy are all sessions that wait behind the given ones, directly or not.
func (w waits) heldBy(pids ...int32) []int32 {
	var held []int32
	for queue := slices.Clone(pids); len(queue) > 0; queue = queue[1:] {
		for _, waiter := range w.waiters[queue[0]] {
			if !slices.Contains(held, waiter) && !slices.Contains(pids, waiter) {
				held, queue = append(held, waiter), append(queue, waiter)
			}
		}
	}
	slices.Sort(held)
	return held
}
