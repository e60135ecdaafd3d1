package module

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/doorward/doorward/internal/seal"
)

// maxKeyFile bounds the file of an encryption key, in bytes.
const maxKeyFile = 4096

// encryptionKeys are the keys of a config. They have no form in which they could be written down by mistake.
type encryptionKeys struct {
	sealer *seal.Sealer // nil: there are none
	marks  []string     // parts of their digests, which tell keys apart and do not say what they are
}

// readEncryptionKeys reads the files. Errors name the file and never what is in it.
func readEncryptionKeys(files []string) (encryptionKeys, error) {
	var k encryptionKeys
	if len(files) == 0 {
		return k, nil
	}
	keys := make([][]byte, 0, len(files))
	for _, name := range files {
		key, err := readEncryptionKey(name)
		if err != nil {
			return k, fmt.Errorf("encryption key: %w", err)
		}
		digest := sha256.Sum256(append([]byte("doorward gate "), key...))
		keys, k.marks = append(keys, key), append(k.marks, hex.EncodeToString(digest[:8]))
	}
	var err error
	k.sealer, err = seal.New(keys...)
	return k, err
}

func readEncryptionKey(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w; `doorward key create %s` makes one", err, name)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err != nil {
		return nil, err
	}
	key, err := seal.ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}
