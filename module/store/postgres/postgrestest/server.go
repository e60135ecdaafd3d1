// Package postgrestest starts a PostgreSQL server for tests, from the programs that are installed on the machine.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Without is the environment variable that, set to 1, skips the tests that need a server. Nothing else does: a machine that has none by accident would never run them.
const Without = "DOORWARD_WITHOUT_POSTGRES"

// Options are how a server is started. The zero value is quick and forgets what it has when the machine is cut from its power.
type Options struct {
	// Durable waits for the disk at every commit, as in production. What is killed needs it.
	Durable bool
	// Settings are parameters of the server's configuration, such as max_connections.
	Settings map[string]string
}

// Server is a running server with its own data, on a port of the loopback interface.
type Server struct {
	Port     int
	Password string // of the user doorward, who owns all databases of New

	folder    string
	owner     *owner
	opt       Options
	process   *exec.Cmd
	ended     chan struct{}
	served    bool // once: clients know the port
	databases atomic.Int64
}

// Start makes a folder with an empty server in it and starts that. Stop ends it and removes the folder. Main and For call it; errors
// say what is missing.
func Start(opt Options) (*Server, error) {
	programs, err := programs()
	if err != nil {
		return nil, err
	}
	s := &Server{Password: "hunter2 &'%\"", opt: opt} //nolint:gosec // of a server of tests; each character is one that a DSN escapes
	if s.owner, err = ownerOf(programs); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "doorward-postgres-"); err != nil {
		return nil, err
	}
	if err := s.make(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	return s, nil
}

// Main runs the tests of a package beside a server, which it hands to use, and returns the code to exit with. Without a server use is
// not called and Need skips, if that is asked for; otherwise the package fails.
func Main(m *testing.M, opt Options, use func(*Server)) int {
	if os.Getenv(Without) == "1" {
		return m.Run()
	}
	s, err := Start(opt)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v (%s=1 leaves out the tests that need it)\n", err, Without)
		return 1
	}
	defer s.Stop() //nolint:errcheck // the tests have said what there is to say
	use(s)
	return m.Run()
}

// For starts a server that one test has for itself, and may do with what it likes. The test is skipped where that is asked for, and
// fails where there can be no server.
func For(t testing.TB, opt Options) *Server {
	t.Helper()
	if os.Getenv(Without) == "1" {
		t.Skipf("%s is set", Without)
	}
	s, err := Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Need skips a test that was given no server because none was wanted.
func Need(t testing.TB, s *Server) *Server {
	t.Helper()
	if s == nil {
		t.Skipf("%s is set", Without)
	}
	return s
}

// make initializes the server and the role and database that New copies.
func (s *Server) make() error {
	if err := s.owner.own(s.folder); err != nil {
		return err
	}
	password := filepath.Join(s.folder, "password")
	if err := os.WriteFile(password, []byte(s.Password), 0o600); err != nil {
		return err
	}
	if err := s.owner.own(password); err != nil {
		return err
	}
	// A locale that sorts otherwise than by bytes, and the server's own check of passwords.
	initdb := s.owner.command("initdb", "--pgdata="+s.data(), "--username=admin", "--pwfile="+password, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if err := s.Launch(); err != nil {
		return err
	}
	return s.Admin(context.Background(), "CREATE ROLE doorward LOGIN PASSWORD '"+strings.ReplaceAll(s.Password, "'", "''")+"'")
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

// Launch starts the server again after Kill or Halt, on the same port, and waits until it answers.
func (s *Server) Launch() error {
	for range launches {
		if !s.served { // somebody else may take the port between our asking for one and the server's
			port, err := freePort()
			if err != nil {
				return err
			}
			s.Port = port
		}
		err := s.launch()
		if err == nil {
			s.served = true
			return nil
		}
		if !errors.Is(err, errEnded) {
			return err
		}
		// What a killed server shared with its processes is there until the last of them has noticed.
		time.Sleep(launchAgain)
	}
	return fmt.Errorf("postgres ended at once; its log: %s", s.log())
}

const (
	launches    = 100
	launchAgain = 100 * time.Millisecond
)

var errEnded = errors.New("postgres ended at once")

func (s *Server) launch() error {
	settings := map[string]string{
		"port": strconv.Itoa(s.Port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": onOff(s.opt.Durable),
		"synchronous_commit": onOff(s.opt.Durable), "full_page_writes": onOff(s.opt.Durable), "shared_buffers": "32MB", "max_connections": "200",
		"autovacuum": "off", "max_wal_senders": "0", "wal_level": "minimal",
	}
	for name, value := range s.opt.Settings {
		settings[name] = value
	}
	arguments := []string{"-D", s.data()}
	for name, value := range settings {
		arguments = append(arguments, "-c", name+"="+value)
	}
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = s.owner.guarded("postgres", arguments...)
	s.process.Stdout, s.process.Stderr = log, log
	if _, err := s.process.StdinPipe(); err != nil { // closed by Wait, and by the system when this process dies
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func(p *exec.Cmd, ended chan struct{}) {
		p.Wait() //nolint:errcheck // killed, mostly
		close(ended)
	}(s.process, s.ended)
	return s.await()
}

// await asks until the server answers.
func (s *Server) await() error {
	giveUp := time.After(time.Minute)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := s.Admin(ctx, "SELECT 1")
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return errEnded
		case <-giveUp:
			return fmt.Errorf("postgres does not answer: %w; its log: %s", err, s.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) log() string {
	text, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// Kill ends the server and all its processes without warning, as an operating system does that runs out of memory. Launch starts it
// again.
func (s *Server) Kill() error {
	// The processes of sessions notice the death of the first one by themselves, but may answer a last question before.
	children, err := s.children()
	if err != nil {
		return err
	}
	if err := s.signal(os.Kill); err != nil {
		return err
	}
	for _, pid := range children {
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill() //nolint:errcheck // it has ended by itself
		}
	}
	return s.end(os.Kill)
}

func (s *Server) children() ([]int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN("admin", "postgres"))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has answered
	answer, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(answer, pgx.RowTo[int])
}

// Halt ends the server in order, without waiting for sessions to end. Launch starts it again.
func (s *Server) Halt() error { return s.end(os.Interrupt) }

func (s *Server) end(how os.Signal) error {
	if err := s.signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(time.Minute):
		return errors.New("postgres does not end")
	}
}

// signal is for the server, whose number is the first line of a file of its own; it is gone when the server has ended in order.
func (s *Server) signal(how os.Signal) error {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	server, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return server.Signal(how)
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	return errors.Join(s.end(os.Interrupt), os.RemoveAll(s.folder))
}

// Admin does something as the server's administrator, in the database postgres.
func (s *Server) Admin(ctx context.Context, text string) error {
	conn, err := pgx.Connect(ctx, s.DSN("admin", "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it has answered
	_, err = conn.Exec(ctx, text)
	return err
}

// DSN is of a database and a user: admin or doorward.
func (s *Server) DSN(user, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, s.Password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// New makes an empty database for a test, owned by doorward, and returns its DSN. It is dropped when the test ends.
func (s *Server) New(t testing.TB) string { return s.Copy(t, "template0") }

// Copy is New with what is in another database, to which nobody may be connected.
func (s *Server) Copy(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprint("test", s.databases.Add(1))
	if err := s.Admin(t.Context(), "CREATE DATABASE "+name+" OWNER doorward TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Admin(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return s.DSN("doorward", name)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// freePort asks the system for a port that nobody has.
func freePort() (int, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// programs is the folder of the newest initdb and postgres.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(target), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("the programs of PostgreSQL are not installed; `make setup-postgres` installs them")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, err := strconv.Atoi(strings.Split(path, "/")[4])
	if err != nil {
		return 0
	}
	return n
}

// owner is the user that the server runs as, which refuses to run as root.
type owner struct {
	programs string
	user     *user.User // nil: whoever runs the tests
}

func ownerOf(programs string) (*owner, error) {
	if os.Geteuid() != 0 {
		return &owner{programs: programs}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return &owner{programs, u}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}
