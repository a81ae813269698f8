//go:build tools

// Package tools pins the program that the image's build script compiles: go.sum says which bytes.
package tools

import _ "github.com/basecamp/kamal-proxy/cmd/kamal-proxy"
