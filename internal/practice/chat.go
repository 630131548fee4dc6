package practice

// Chat is a pretend chat platform that runs, as the demo needs to know it.
type Chat struct {
	Name     string            // its key under `chat` in the configuration
	Title    string            // for people
	URL      string            // of its page, which is that of its API as well
	Settings map[string]string // keys of its section
	Secrets  map[string]string // keys of its section whose values go through files
	Accounts map[string]string // ids of the people there: "Ana" -> id
	Close    func()
}
