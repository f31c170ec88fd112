"""When a share will meet the steps to come: read off inventories, carried forward, and tried against what came.

Statistics may use floats here, since no verdict reads them; what planned lines add up to is compared exactly.
"""
