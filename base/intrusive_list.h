// Copyright (c) 2026 The Quire Authors. SPDX-License-Identifier: BSD-3-Clause
// A doubly linked list through nodes that its elements inherit: no allocation, O(1) removal.
// Owns: nothing. Lifetime: an element outlives its membership; nodes check that they are unlinked.
// Threads: as the list's owner says; the list itself has no lock.
#pragma once

#include <cstddef>

#include "base/check.h"

namespace quire {

// `Tag` lets one type be on several lists at once.
template <typename Tag = void>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { QUIRE_DCHECK(!linked()); }

  bool linked() const { return next_ != nullptr; }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList {
  using Node = ListNode<Tag>;

 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    QUIRE_DCHECK(empty());
    head_.next_ = head_.previous_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }

  void PushBack(T& item) { Link(head_, item); }
  void PushFront(T& item) { Link(*head_.next_, item); }
  // REQUIRES: `place` is on this list.
  void InsertBefore(T& place, T& item) { Link(place, item); }

  void Remove(T& item) {
    Node& node = item;
    QUIRE_DCHECK(node.linked());
    node.previous_->next_ = node.next_;
    node.next_->previous_ = node.previous_;
    node.next_ = node.previous_ = nullptr;
  }

  // nullptr when empty.
  T* Front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* Back() { return empty() ? nullptr : static_cast<T*>(head_.previous_); }
  T* PopFront() {
    T* item = Front();
    if (item != nullptr) Remove(*item);
    return item;
  }
  // The element after `item`, nullptr at the end.
  T* Next(T& item) {
    Node* next = static_cast<Node&>(item).next_;
    return next == &head_ ? nullptr : static_cast<T*>(next);
  }

  // Moves every element of `other` to the end of this list, in order; O(1).
  void Append(IntrusiveList& other) {
    if (other.empty()) return;
    Node& first = *other.head_.next_;
    Node& last = *other.head_.previous_;
    first.previous_ = head_.previous_;
    head_.previous_->next_ = &first;
    last.next_ = &head_;
    head_.previous_ = &last;
    other.head_.next_ = other.head_.previous_ = &other.head_;
  }

 private:
  void Link(Node& place, Node& node) {
    QUIRE_DCHECK(!node.linked());
    QUIRE_DCHECK(place.previous_ != nullptr);
    node.next_ = &place;
    node.previous_ = place.previous_;
    place.previous_->next_ = &node;
    place.previous_ = &node;
  }

  Node head_;
};

}  // namespace quire
