//go:build tools

// Package tools pins the program that the build script compiles; go.sum has the checksums.
package tools

import _ "github.com/basecamp/kamal-proxy/cmd/kamal-proxy"
