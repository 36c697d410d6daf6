// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clock makes copies of Go executables that live in another time.
//
// The kernel tells a copy the truth, and as quickly as ever. To make a time.Time of it,
// time.Now adds a constant: the seconds from 1885, where a Time with a monotonic reading
// begins to count, to 1970. In a copy that constant is another, and nothing else is.
//
// Timers, deadlines and durations go by the monotonic clock and stay as they are. What
// the kernel dates itself, files and packets, keeps its date. Whoever asks the kernel
// past time.Now, as C code does, hears the truth.
package clock

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
)

// epoch is unixToInternal - minWall of package time.
const epoch = 2_682_288_000

// Copy copies the executable at from to a file at to. In the copy it is later by off,
// in whole seconds, or earlier if off is negative.
func Copy(from, to string, off time.Duration) error {
	program, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("reading an executable: %w", err)
	}
	if err := alter(program, off); err != nil {
		return fmt.Errorf("changing the clock of %s: %w", from, err)
	}
	// A child that is forked meanwhile would keep the file open for writing until it
	// execs, and nobody could run it ("text file busy").
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(to, program, 0o755); err != nil {
		return fmt.Errorf("writing an executable: %w", err)
	}
	return nil
}

// alter changes the constant wherever the program uses it, which is once, or more often
// where the compiler has inlined time.Now.
func alter(program []byte, off time.Duration) error {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("reading the ELF header: %w", err)
	}
	text := file.Section(".text")
	if text == nil || text.Type != elf.SHT_PROGBITS {
		return errors.New("looking for code: there is no .text")
	}
	constant := epoch + int64(off/time.Second)
	// What is longer is another instruction, and there is no room for it.
	if constant < 0 || constant > math.MaxUint32 {
		return fmt.Errorf("going %s: the furthest are 85 years back and 51 years ahead", off)
	}
	replace, ok := machines[file.Machine]
	if !ok {
		return fmt.Errorf("reading code: unknown machine %s", file.Machine)
	}
	if replace(program[text.Offset:][:text.Size], uint32(constant)) == 0 {
		return errors.New("looking for time.Now: no code loads its constant in the way that Go 1.26 does")
	}
	return nil
}

// machines replace the constant in code and say how often they did.
var machines = map[elf.Machine]func(code []byte, constant uint32) int{
	elf.EM_X86_64:  replaceAMD64,
	elf.EM_AARCH64: replaceARM64,
}

// replaceAMD64 finds MOV r, imm. An unsigned constant of 32 bits can come into a
// register in no other way. If the immediate has 64 bits the other half is zero and
// stays so.
func replaceAMD64(code []byte, constant uint32) int {
	const mov, register = 0xb8, 0x07
	old := binary.LittleEndian.AppendUint32(nil, epoch)
	places := 0
	for from := 1; ; from++ {
		next := bytes.Index(code[from:], old)
		if next < 0 {
			return places
		}
		from += next
		if code[from-1]&^register == mov {
			binary.LittleEndian.PutUint32(code[from:], constant)
			places++
		}
	}
}

// replaceARM64 finds MOVZ x, #low and MOVK x, #high, LSL #16, which the assembler writes
// one after the other.
func replaceARM64(code []byte, constant uint32) int {
	const movz, movk, register = 0xd2800000, 0xf2a00000, 0x1f
	pair := func(c, r uint32) (uint32, uint32) {
		return movz | c&0xffff<<5 | r, movk | c>>16<<5 | r
	}
	places := 0
	for at := 0; at+8 <= len(code); at += 4 {
		r := binary.LittleEndian.Uint32(code[at:]) & register
		low, high := pair(epoch, r)
		if binary.LittleEndian.Uint32(code[at:]) != low || binary.LittleEndian.Uint32(code[at+4:]) != high {
			continue
		}
		low, high = pair(constant, r)
		binary.LittleEndian.PutUint32(code[at:], low)
		binary.LittleEndian.PutUint32(code[at+4:], high)
		places++
	}
	return places
}
