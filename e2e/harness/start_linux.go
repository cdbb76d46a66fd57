package harness

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// starter is the one thread that starts processes. The kernel ends them with
// the thread that started them, and this one lives as long as the test binary.
var starter = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

// StartTied starts a process that ends with this one, even when this one is
// killed.
func StartTied(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	starter() <- func() { started <- cmd.Start() }
	return <-started
}
